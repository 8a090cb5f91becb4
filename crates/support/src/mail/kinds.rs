//! The kinds of mail: what each is for, whether it is on from the start, what its templates may say, and the shipped
//! templates (reference: the notification switchboard).
//!
//! A kind has templates as soon as something sends it. The others are on the switchboard already, so that an installation
//! can decide about them beforehand.

/// A kind of mail.
#[derive(Debug)]
pub struct Kind {
    /// Its key, `module.name`.
    pub key: &'static str,
    /// A sentence.
    pub about: &'static str,
    /// Whether it is on from the start.
    pub enabled: bool,
    /// Whether it reaches also people whose account says that they want no mail: invitations, and what guards the account.
    pub always: bool,
    /// What its templates may say.
    pub facts: &'static [Fact],
    /// Its shipped templates.
    pub templates: Option<Templates>,
}

/// One thing that a template may say: its name, a sentence, and a sample in JSON.
#[derive(Debug, Clone, Copy)]
pub struct Fact(pub &'static str, pub &'static str, pub &'static str);

/// The three templates of a kind.
#[derive(Debug)]
pub struct Templates {
    /// The subject.
    pub subject: &'static str,
    /// The plain text.
    pub text: &'static str,
    /// The HTML, without the frame around it.
    pub html: &'static str,
}

/// The three parts of a mail: the ending of the template's path, and the same after the last dot.
pub const PARTS: [&str; 3] = ["_subject.txt", "_message.txt", "_message.html"];

impl Kind {
    /// The path of one of its templates.
    pub fn path(&self, part: &str) -> String {
        format!("{}{part}", self.key.replace('.', "/"))
    }

    /// The shipped text of one of its templates.
    pub fn shipped(&self, part: &str) -> Option<&'static str> {
        let templates = self.templates.as_ref()?;
        Some(match part {
            "_subject.txt" => templates.subject,
            "_message.txt" => templates.text,
            _ => templates.html,
        })
    }
}

/// The kind with this key.
pub fn kind(key: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.key == key)
}

/// The key and the part that the path of a template names: `users/invitation_created_subject.txt`.
pub fn of_path(path: &str) -> Option<(String, &'static str)> {
    let part = PARTS.into_iter().find(|part| path.ends_with(part))?;
    Some((path.strip_suffix(part)?.replacen('/', ".", 1), part))
}

macro_rules! templates {
    ($path:literal) => {
        Some(Templates {
            subject: include_str!(concat!("templates/", $path, "_subject.txt")),
            text: include_str!(concat!("templates/", $path, "_message.txt")),
            html: include_str!(concat!("templates/", $path, "_message.html")),
        })
    };
}

/// A kind that nothing sends yet.
const fn later(key: &'static str, enabled: bool, about: &'static str) -> Kind {
    Kind { key, about, enabled, always: false, facts: &[], templates: None }
}

const LINK: Fact = Fact("link", "Address of the page where it can be done.", r#""/page/0123456789abcdef0123456789abcdef/""#);
const EMAIL: Fact = Fact("email", "The address that it is about.", r#""grace@example.org""#);
const FULL_NAME: Fact = Fact("full_name", "First and last name of the person.", r#""Grace Hopper""#);
const USERNAME: Fact = Fact("username", "Name with which the person signs in.", r#""grace""#);
const ROLE: Fact = Fact("role_name", "Name of the role.", r#""PROJECT.ADMIN""#);
const ROLE_ABOUT: Fact = Fact("role_description", "What people call the role.", r#""Project administrator""#);
const SCOPE_TYPE: Fact = Fact("scope_type", "The kind of thing on which the role is.", r#""project""#);
const SCOPE_NAME: Fact = Fact("scope_name", "Name of the thing on which the role is.", r#""Apollo""#);
const BY: Fact = Fact("created_by_full_name", "Who did it.", r#""Ada Lovelace""#);
const EXPIRES: Fact = Fact("expires", "When it ends.", r#""1 May 2026""#);

const INVITATION: &[Fact] = &[
    LINK,
    EMAIL,
    FULL_NAME,
    BY,
    ROLE,
    ROLE_ABOUT,
    SCOPE_TYPE,
    SCOPE_NAME,
    EXPIRES,
    Fact("extra_invitation_text", "What the inviter wants to add.", r#""We start on Monday.""#),
];

/// Every kind, modules together.
pub static KINDS: &[Kind] = &[
    Kind {
        key: "users.invitation_created",
        about: "To whom is invited: the invitation.",
        enabled: true,
        always: true,
        facts: INVITATION,
        templates: templates!("users/invitation_created"),
    },
    Kind {
        key: "users.invitation_reminder",
        about: "To whom is invited: the invitation ends soon.",
        enabled: true,
        always: true,
        facts: INVITATION,
        templates: templates!("users/invitation_reminder"),
    },
    Kind {
        key: "users.invitation_requested",
        about: "To staff: somebody wants to invite, and needs their approval.",
        enabled: true,
        always: false,
        facts: &[
            Fact("approve_link", "Address that approves.", r#""/invitation_approve/0123456789abcdef0123456789abcdef/""#),
            Fact("reject_link", "Address that rejects.", r#""/invitation_reject/0123456789abcdef0123456789abcdef/""#),
            EMAIL,
            BY,
            ROLE,
            ROLE_ABOUT,
            SCOPE_TYPE,
            SCOPE_NAME,
        ],
        templates: templates!("users/invitation_requested"),
    },
    Kind {
        key: "users.invitation_approved",
        about: "To the inviter: staff have approved the invitation.",
        enabled: true,
        always: false,
        facts: INVITATION,
        templates: templates!("users/invitation_approved"),
    },
    Kind {
        key: "users.invitation_rejected",
        about: "To the inviter: staff have rejected the invitation.",
        enabled: true,
        always: false,
        facts: INVITATION,
        templates: templates!("users/invitation_rejected"),
    },
    Kind {
        key: "users.invitation_expired",
        about: "To the inviter: nobody accepted the invitation in time.",
        enabled: true,
        always: false,
        facts: INVITATION,
        templates: templates!("users/invitation_expired"),
    },
    Kind {
        key: "users.permission_request_submitted",
        about: "To those who decide: somebody asks for a role.",
        enabled: true,
        always: false,
        facts: &[LINK, FULL_NAME, USERNAME, EMAIL, ROLE, ROLE_ABOUT, SCOPE_TYPE, SCOPE_NAME],
        templates: templates!("users/permission_request_submitted"),
    },
    Kind {
        key: "users.permission_request_decided",
        about: "To whom asked for a role: the decision.",
        enabled: true,
        always: false,
        facts: &[
            LINK,
            FULL_NAME,
            ROLE,
            ROLE_ABOUT,
            SCOPE_TYPE,
            SCOPE_NAME,
            Fact("decision", "`approved` or `rejected`.", r#""approved""#),
            Fact("comment", "What was said about it.", r#""Welcome!""#),
        ],
        templates: templates!("users/permission_request_decided"),
    },
    Kind {
        key: "users.security_notice",
        about: "To whoever owns an account: something that guards it has changed.",
        enabled: true,
        always: true,
        facts: &[
            FULL_NAME,
            Fact("what", "What has happened, a sentence.", r#""Your password has been changed.""#),
            Fact("when", "When.", r#""1 May 2026, 10:20 UTC""#),
            Fact("address", "From which address.", r#""192.0.2.7""#),
        ],
        templates: templates!("users/security_notice"),
    },
    Kind {
        key: "structure.change_email_request",
        about: "To a new address of an account: confirm that it is yours.",
        enabled: true,
        always: true,
        facts: &[LINK, FULL_NAME, USERNAME, EMAIL],
        templates: templates!("structure/change_email_request"),
    },
    Kind {
        key: "structure.structure_role_granted",
        about: "To whoever got a role.",
        enabled: true,
        always: false,
        facts: &[LINK, FULL_NAME, BY, ROLE, ROLE_ABOUT, SCOPE_TYPE, SCOPE_NAME, EXPIRES],
        templates: templates!("structure/structure_role_granted"),
    },
    Kind {
        key: "structure.notifications_profile_changes_operator",
        about: "To the operator: somebody has changed the own profile.",
        enabled: true,
        always: false,
        facts: &[
            FULL_NAME,
            USERNAME,
            EMAIL,
            Fact("changes", "What has changed, in words.", r#""organization from 'A' to 'B'.""#),
        ],
        templates: templates!("structure/notifications_profile_changes_operator"),
    },
    Kind {
        key: "structure.event_hook",
        about: "To the address of an e-mail hook: an event.",
        enabled: true,
        always: false,
        facts: &[
            Fact("message", "What has happened.", r#""Project Apollo has been created.""#),
            Fact("event_type", "Type of the event.", r#""project_creation_succeeded""#),
            Fact("context", "Facts of the event by name.", r#"{"project_name": "Apollo", "user_username": "ada"}"#),
        ],
        templates: templates!("structure/event_hook"),
    },
    later("structure.project_digest", true, "To the people of a project: what has happened in it."),
    later("invoices.notification", false, "To an organization: its invoice."),
    later("invoices.upcoming_ends_notification", true, "To an organization: its contract ends soon."),
    later("booking.notification", true, "To whoever booked: the booking begins soon."),
    later("marketplace.notify_consumer_about_pending_order", true, "To those who approve in a project: an order waits."),
    later("marketplace.notify_provider_about_pending_order", true, "To those who approve at a provider: an order waits."),
    later("marketplace.notification_usages", true, "To a provider: usage has not been reported."),
    later("marketplace.notification_about_stale_resources", true, "To an organization: resources that nobody uses."),
    later("marketplace.marketplace_resource_create_succeeded", true, "To a project: a resource has been made."),
    later("marketplace.marketplace_resource_create_failed", true, "To a project: a resource could not be made."),
    later("marketplace.marketplace_resource_update_succeeded", true, "To a project: a resource has another plan."),
    later("marketplace.marketplace_resource_update_failed", true, "To a project: the plan could not be changed."),
    later("marketplace.marketplace_resource_update_limits_succeeded", true, "To a project: a resource has other limits."),
    later("marketplace.marketplace_resource_update_limits_failed", true, "To a project: limits could not be changed."),
    later("marketplace.marketplace_resource_terminate_succeeded", true, "To a project: a resource has been terminated."),
    later("marketplace.marketplace_resource_terminate_failed", true, "To a project: a resource could not be terminated."),
    later("marketplace.marketplace_resource_termination_scheduled", false, "To a project: a resource will be terminated."),
    later(
        "marketplace.marketplace_resource_termination_scheduled_staff",
        false,
        "To a project: staff have a resource terminated.",
    ),
    later("marketplace.notification_about_project_ending", true, "To the people of a project: it ends soon."),
    later("marketplace.notification_about_resource_ending", true, "To the people of a project: a resource ends soon."),
    later(
        "marketplace_policy.notification_about_project_cost_exceeded_limit",
        false,
        "To those who pay: a project costs more than its limit.",
    ),
    later(
        "marketplace_remote.notification_about_pending_project_updates",
        false,
        "To a project: changes from another installation wait.",
    ),
    later(
        "marketplace_remote.notification_about_project_details_update",
        false,
        "To a project: another installation has changed it.",
    ),
    later(
        "marketplace_remote.resource_end_date_pulled_from_remote",
        true,
        "To a project: another installation has moved the end of a resource.",
    ),
    later("rancher.notification_create_user", true, "To a person: an account at a cluster has been made."),
    later("support.notification_comment_added", true, "To whoever asked for support: an answer."),
    later("support.notification_comment_updated", true, "To whoever asked for support: an answer has changed."),
    later("support.notification_issue_updated", true, "To whoever asked for support: the request has changed."),
    later("support.notification_issue_feedback", true, "To whoever asked for support: were you content?"),
    later("onboarding.justification_review_notification", true, "To whoever registers an organization: the decision."),
    later("user_actions.notification_digest", true, "To a person: what needs attention."),
];
