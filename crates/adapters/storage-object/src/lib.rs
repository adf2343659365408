//! Blobs in a directory or in S3.
