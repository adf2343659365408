// Identity providers for tests, on loopback only: a certified OpenID provider on 8015, and emulations of GitHub on 8016
// and Google on 8017. To be called with the directory of node_modules that holds `oidc-provider` and `emulate`.

import net from 'node:net';
import { pathToFileURL } from 'node:url';

const modules = pathToFileURL(`${process.argv[2]}/`);
const { default: Provider } = await import(new URL('oidc-provider/lib/index.js', modules));
const { createEmulator } = await import(new URL('emulate/dist/api.js', modules));

// `emulate` would listen on all interfaces.
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function loopback(port, ...rest) {
  return listen.call(this, port, '127.0.0.1', ...rest.filter((argument) => typeof argument === 'function'));
};

// Where the application under test is said to be. Tests carry browsers from there to where it really is.
const callback = (provider) => `http://127.0.0.1:3999/api/v1/auth/oauth/${provider}/callback`;
const client = (client_id, token_endpoint_auth_method) => ({
  client_id,
  token_endpoint_auth_method,
  ...(token_endpoint_auth_method !== 'none' && { client_secret: `${client_id}-secret` }),
  redirect_uris: ['acme', 'post', 'public'].map(callback),
});

// Whoever logs in is who they say: `ada@example.com`. An account that begins with `unproven` has not proven its address,
// one without an @ has none.
const claims = (sub) => ({
  sub,
  name: 'Ada of Acme',
  ...(sub.includes('@') && { email: sub.split('|').pop(), email_verified: !sub.startsWith('unproven') }),
});
new Provider('http://127.0.0.1:8015', {
  clients: [
    client('acme', 'client_secret_basic'),
    client('acme-post', 'client_secret_post'),
    client('acme-public', 'none'),
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['tests only'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => claims(id) }),
  pkce: { required: () => true },
}).listen(8015);

await createEmulator({
  service: 'github',
  port: 8016,
  baseUrl: 'http://127.0.0.1:8016',
  seed: {
    github: {
      users: [{ login: 'octocat', name: 'The Octocat', email: 'octocat@example.com' }],
      oauth_apps: [
        { client_id: 'hub', client_secret: 'hub-secret', name: 'Mainstay', redirect_uris: [callback('github')] },
      ],
    },
  },
});
await createEmulator({
  service: 'google',
  port: 8017,
  baseUrl: 'http://127.0.0.1:8017',
  seed: {
    google: {
      users: [
        { email: 'gina@example.com', name: 'Gina', email_verified: true },
        { email: 'unproven@example.com', name: 'Uwe', email_verified: false },
      ],
      oauth_clients: [
        { client_id: 'goo', client_secret: 'goo-secret', name: 'Mainstay', redirect_uris: [callback('google')] },
      ],
    },
  },
});
