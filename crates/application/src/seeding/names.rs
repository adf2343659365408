//! Names to be called by. Lists of our own, because a library's change with its versions, and the demo must not.

pub(super) const GIVEN: [&str; 40] = [
    "Ada", "Alan", "Amara", "Anton", "Asta", "Björn", "Carmen", "Chidi", "Clara", "Dana", "Diego", "Elif",
    "Emil", "Fatima", "Grace", "Hana", "Henry", "Ines", "Ivan", "Jamal", "Joana", "Kofi", "Lena", "Liam",
    "Lucía", "Mei", "Milan", "Nadia", "Nils", "Noor", "Olga", "Omar", "Priya", "Rosa", "Samuel", "Sofia",
    "Tariq", "Uma", "Yuki", "Zoë",
];

pub(super) const FAMILY: [&str; 40] = [
    "Abe", "Almeida", "Andersen", "Banda", "Becker", "Castro", "Chen", "Costa", "Demir", "Dubois", "Evans",
    "Fischer", "García", "Haddad", "Hansen", "Ivanova", "Jones", "Kaya", "Kim", "Kowalski", "Larsen",
    "Lovelace", "Mensah", "Meyer", "Moreau", "Müller", "Nguyen", "Novak", "Okafor", "Patel", "Quinn",
    "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Tanaka", "Turing", "Weber", "Yılmaz",
];

pub(super) const TRADES: [&str; 12] = [
    "Bakery",
    "Books",
    "Bicycles",
    "Consulting",
    "Energy",
    "Foods",
    "Gardens",
    "Instruments",
    "Logistics",
    "Press",
    "Robotics",
    "Textiles",
];
