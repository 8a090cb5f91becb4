//! Settings that the wire's list does not have (reference/configuration.md, sections 2 and 3).

use crate::vocabulary::settings::{Setting, SettingKind};

/// The type of the installation.
pub const INSTALLATION_TYPE: &str = "INSTALLATION_TYPE";
/// Whether managers of projects approve orders: the cell marked "configurable" in the matrices.
pub const MANAGERS_APPROVE: &str = "PROJECT_MANAGERS_APPROVE_ORDERS";
/// Whether administrators of projects approve orders.
pub const ADMINISTRATORS_APPROVE: &str = "PROJECT_ADMINISTRATORS_APPROVE_ORDERS";
/// Whether managers of projects add only people whom the organization knows, where the project says nothing itself.
pub const PREAPPROVED_ONLY: &str = "PROJECT_MANAGERS_ADD_PREAPPROVED_USERS_ONLY";
/// Whether a project has one manager at most.
pub const ONE_MANAGER: &str = "ONLY_ONE_PROJECT_MANAGER";

/// Days after which a session ends however much it is used.
pub const SESSION_DAYS: &str = "SESSION_MAXIMUM_DAYS";
/// The ways to sign in that are open.
pub const METHODS: &str = "AUTHENTICATION_METHODS";
/// Whether staff sign in with a passkey only.
pub const STAFF_PASSKEY: &str = "STAFF_PASSKEY_REQUIRED";

/// Our own settings, and those that the original reads from a file at its start: the wire's list does not have them, and here
/// staff change them like all others.
pub const OWN: &[Setting] = &[
    Setting {
        key: INSTALLATION_TYPE,
        kind: SettingKind::Choice(&["cloud", "academic", "academic_shared"]),
        default: r#""cloud""#,
        public: true,
        section: "Installation",
        about: "The type of the installation: what organizations and roles are called, and whether projects have members.",
    },
    Setting {
        key: MANAGERS_APPROVE,
        kind: SettingKind::Boolean,
        default: "false",
        public: false,
        section: "Installation",
        about: "Let managers of projects approve orders for their projects.",
    },
    Setting {
        key: ADMINISTRATORS_APPROVE,
        kind: SettingKind::Boolean,
        default: "false",
        public: false,
        section: "Installation",
        about: "Let administrators of projects approve orders of public offerings for their projects.",
    },
    Setting {
        key: PREAPPROVED_ONLY,
        kind: SettingKind::Boolean,
        default: "true",
        public: false,
        section: "Installation",
        about: "Let managers of projects add only people of the organization, or who fit its patterns.",
    },
    Setting {
        key: ONE_MANAGER,
        kind: SettingKind::Boolean,
        default: "false",
        public: false,
        section: "Installation",
        about: "Let a project have one manager at most.",
    },
    Setting {
        key: METHODS,
        kind: SettingKind::Choices(&["LOCAL_SIGNIN", "LDAP", "SOCIAL_SIGNUP", "SAML2", "PASSKEY"]),
        default: r#"["LOCAL_SIGNIN", "LDAP", "SOCIAL_SIGNUP", "PASSKEY"]"#,
        public: true,
        section: "Signing in",
        about: "The ways in which people may sign in: with a password of ours, of a directory, at an identity provider, with a passkey.",
    },
    Setting {
        key: STAFF_PASSKEY,
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: true,
        section: "Signing in",
        about: "Let staff sign in only with a passkey, alone or after the password.",
    },
    Setting {
        key: "TOKEN_LIFETIME",
        kind: SettingKind::Integer,
        default: r#"3600"#,
        public: false,
        section: "Signing in",
        about: "Seconds after which an unused login of a new account ends.",
    },
    Setting {
        key: SESSION_DAYS,
        kind: SettingKind::Integer,
        default: r#"30"#,
        public: false,
        section: "Signing in",
        about: "Days after which a session ends however much it is used.",
    },
    Setting {
        key: "PASSWORD_RESET_ENABLED",
        kind: SettingKind::Boolean,
        default: r#"true"#,
        public: true,
        section: "Signing in",
        about: "Let people with a password of ours set a new one by mail.",
    },
    Setting {
        key: "EMAIL_CHANGE_MAX_AGE",
        kind: SettingKind::Integer,
        default: r#"86400"#,
        public: false,
        section: "Signing in",
        about: "Seconds for which the link that confirms another mail address can be used.",
    },
    Setting {
        key: "PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS",
        kind: SettingKind::List,
        default: r#"[]"#,
        public: true,
        section: "User settings",
        about: "Registration methods whose people cannot change their own profile.",
    },
    Setting {
        key: "NATIVE_NAME_ENABLED",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: true,
        section: "User settings",
        about: "Ask for names in their own script.",
    },
    Setting {
        key: "OIDC_ALLOWED_USER_EMAIL_PATTERNS",
        kind: SettingKind::List,
        default: r#"[]"#,
        public: false,
        section: "Signing in",
        about: "Patterns, one of which the mail address of a person who signs in at an identity provider must fit; none admits all.",
    },
    Setting {
        key: "OIDC_DEFAULT_LOGOUT_URL",
        kind: SettingKind::Url,
        default: r#""""#,
        public: false,
        section: "Signing in",
        about: "Where to go after signing out where the identity provider says nothing.",
    },
    Setting {
        key: "OIDC_BLOCKED_LOGIN_RESPONSE_MESSAGE",
        kind: SettingKind::Text,
        default: r#""""#,
        public: false,
        section: "Signing in",
        about: "What a person is told who may not sign in.",
    },
    Setting {
        key: "INVITATIONS_ENABLED",
        kind: SettingKind::Boolean,
        default: r#"true"#,
        public: true,
        section: "Invitation settings",
        about: "Show the pages of invitations.",
    },
    Setting {
        key: "ONLY_STAFF_CAN_INVITE_USERS",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: false,
        section: "Invitation settings",
        about: "Have staff decide about the invitations of all others.",
    },
    Setting {
        key: "VALIDATE_INVITATION_EMAIL",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: true,
        section: "Invitation settings",
        about: "Let only an account with the invited mail address see and accept an invitation.",
    },
    Setting {
        key: "INVITATION_LIFETIME",
        kind: SettingKind::Integer,
        default: r#"7"#,
        public: false,
        section: "Invitation settings",
        about: "Days for which an invitation can be accepted; 0: not at all.",
    },
    Setting {
        key: "INVITATION_MAX_AGE",
        kind: SettingKind::Integer,
        default: r#"null"#,
        public: false,
        section: "Invitation settings",
        about: "Days for which staff can decide with the link in their mail; null for no end.",
    },
    Setting {
        key: "INVITATION_CREATE_MISSING_USER",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: false,
        section: "Invitation settings",
        about: "Make an account for an invited person who has none.",
    },
    Setting {
        key: "INVITATION_USE_WEBHOOKS",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: true,
        section: "Invitation settings",
        about: "Hand invitations to another system instead of mailing them.",
    },
    Setting {
        key: "INVITATION_WEBHOOK_URL",
        kind: SettingKind::Url,
        default: r#""""#,
        public: false,
        section: "Invitation settings",
        about: "The address to which invitations are handed.",
    },
    Setting {
        key: "INVITATION_WEBHOOK_TOKEN_URL",
        kind: SettingKind::Url,
        default: r#""""#,
        public: false,
        section: "Invitation settings",
        about: "Where a token for that address is got by client credentials; empty for none.",
    },
    Setting {
        key: "INVITATION_WEBHOOK_TOKEN_CLIENT_ID",
        kind: SettingKind::Text,
        default: r#""""#,
        public: false,
        section: "Invitation settings",
        about: "Who asks for that token.",
    },
    Setting {
        key: "INVITATION_WEBHOOK_TOKEN_SECRET",
        kind: SettingKind::Secret,
        default: r#""""#,
        public: false,
        section: "Invitation settings",
        about: "The proof of who asks for that token.",
    },
    Setting {
        key: "CREATE_DEFAULT_PROJECT_ON_ORGANIZATION_CREATION",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: false,
        section: "Organizations",
        about: "Make a first project with every organization.",
    },
    Setting {
        key: "OECD_FOS_2007_CODE_MANDATORY",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: true,
        section: "Organizations",
        about: "Ask for a field of science in every project.",
    },
    Setting {
        key: "PAT_ENABLED",
        kind: SettingKind::Boolean,
        default: r#"false"#,
        public: true,
        section: "Personal access tokens",
        about: "Let people whose account may make personal access tokens.",
    },
    Setting {
        key: "PAT_MAX_LIFETIME_DAYS",
        kind: SettingKind::Integer,
        default: r#"365"#,
        public: true,
        section: "Personal access tokens",
        about: "Days after which a personal access token ends at the latest.",
    },
    Setting {
        key: "PAT_MAX_TOKENS_PER_USER",
        kind: SettingKind::Integer,
        default: r#"20"#,
        public: true,
        section: "Personal access tokens",
        about: "Personal access tokens that one person can have at once.",
    },
    Setting {
        key: "PAT_MAX_ACL_ENTRIES",
        kind: SettingKind::Integer,
        default: r#"20"#,
        public: true,
        section: "Personal access tokens",
        about: "Networks to which one personal access token can be bound.",
    },
    Setting {
        key: "PAT_MAX_AUDIT_EVENTS_PER_HOUR",
        kind: SettingKind::Integer,
        default: r#"60"#,
        public: false,
        section: "Personal access tokens",
        about: "Events that one personal access token can cause in an hour by being refused or used from new addresses.",
    },
];
