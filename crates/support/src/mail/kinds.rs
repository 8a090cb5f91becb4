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
    /// Sentences for the codes that its letters carry.
    pub words: &'static [(&'static str, &'static str)],
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
    Kind { key, about, enabled, always: false, facts: &[], words: &[], templates: None }
}

const LINK: Fact =
    Fact("link", "Address of the page where it can be done.", r#""/page/0123456789abcdef0123456789abcdef/""#);
const EMAIL: Fact = Fact("email", "The address that it is about.", r#""grace@example.org""#);
const FULL_NAME: Fact = Fact("full_name", "First and last name of the person.", r#""Grace Hopper""#);
const USERNAME: Fact = Fact("username", "Name with which the person signs in.", r#""grace""#);
const SCOPE_TYPE: Fact = Fact("scope_type", "The kind of thing on which the role is.", r#""project""#);
const SCOPE_NAME: Fact = Fact("scope_name", "Name of the thing on which the role is.", r#""Apollo""#);

const INVITATION: &[Fact] = &[
    LINK,
    Fact(
        "reject_link",
        "Address that rejects, in the letter that asks for approval.",
        r#""/reject/0123456789abcdef0123456789abcdef/""#,
    ),
    EMAIL,
    FULL_NAME,
    Fact("inviter", "Who invites.", r#""Ada Lovelace""#),
    Fact("role", "What people call the role.", r#""Project administrator""#),
    SCOPE_TYPE,
    SCOPE_NAME,
    Fact("organization", "Name of the organization.", r#""Acme""#),
    Fact("text", "What the inviter wants to add.", r#""We start on Monday.""#),
    Fact("expires", "When it ends.", r#""2026-05-01T10:20:00Z""#),
    Fact("user", "Who accepted.", r#""Grace Hopper""#),
];

const REQUEST: &[Fact] = &[
    LINK,
    Fact("requester_full_name", "First and last name of whoever asks.", r#""Grace Hopper""#),
    Fact("requester_username", "Name with which whoever asks signs in.", r#""grace""#),
    Fact("requester_email", "Address of whoever asks.", r#""grace@example.org""#),
    Fact("role_name", "Name of the role.", r#""PROJECT.ADMIN""#),
    SCOPE_TYPE,
    SCOPE_NAME,
    Fact("reviewer_full_name", "Who decided.", r#""Ada Lovelace""#),
    Fact("comment", "What was said about it.", r#""See you on Monday.""#),
];

const REVIEW_CAMPAIGN: &[Fact] = &[
    LINK,
    Fact("campaign_name", "Name of the campaign.", r#""Autumn review""#),
    Fact(
        "scope_name",
        "Name of the organization or project that is reviewed; empty for the installation.",
        r#""Acme""#,
    ),
    Fact("open_items", "How many roles wait for the reader.", "12"),
    Fact("expires", "When it ends.", r#""2026-05-01T10:20:00Z""#),
    Fact("silence", "What becomes of roles on which nobody decides: keep, revoke or shorten.", r#""shorten""#),
    Fact("silence_days", "For how many days such a role lasts, to shorten.", "30"),
];

const ACTIVATION: &[Fact] = &[
    LINK,
    FULL_NAME,
    USERNAME,
    Fact("role_name", "Name of the role.", r#""PROJECT.ADMIN""#),
    SCOPE_TYPE,
    SCOPE_NAME,
    Fact("hours", "For how many hours.", "4"),
    Fact("reason", "Why whoever asks wants it.", r#""The cluster does not answer.""#),
    Fact("deadline", "Until when it can be approved.", r#""2026-05-01T10:20:00Z""#),
    Fact("by", "Who decided.", r#""Ada Lovelace""#),
    Fact("comment", "What was said about it.", r#""Good luck.""#),
    Fact("ends", "When it ends.", r#""2026-05-01T10:20:00Z""#),
    Fact("why", "Why it is over.", r#""Its time was over""#),
];

/// What has happened to an account, by the code that the letter carries.
const SECURITY: &[(&str, &str)] = &[
    ("password_changed", "Your password has been changed."),
    ("password_reset", "Your password has been set anew with a code from a mail."),
    ("token_made", "All your sessions have been ended and a new access token has been made."),
    ("totp_added", "One-time codes are asked for when you sign in."),
    ("totp_removed", "One-time codes are no longer asked for when you sign in."),
    ("recovery_code_used", "A recovery code has been used to sign in."),
    ("recovery_codes_made", "New recovery codes have been made; the old ones no longer work."),
    ("passkey_added", "A passkey has been added to your account."),
    ("passkey_revoked", "A passkey has been removed from your account."),
    ("passkey_copied", "A passkey of yours may have been copied. It can no longer be used."),
    ("second_factors_reset", "Your second factors have been taken away by staff."),
    ("email_changed", "The address of your account has been changed."),
    ("personal_token_created", "A personal access token has been made."),
];

/// Facts that are instants in letters and dates for people.
pub const INSTANTS: &[&str] = &["expires", "at", "since", "created"];

/// A kind that ships with templates, is on, and says nothing with codes.
macro_rules! shipped {
    ($key:literal, $path:literal, $always:literal, $facts:expr, $about:literal) => {
        Kind {
            key: $key,
            about: $about,
            enabled: true,
            always: $always,
            facts: $facts,
            words: &[],
            templates: templates!($path),
        }
    };
}

/// Every kind, modules together.
#[rustfmt::skip]
pub static KINDS: &[Kind] = &[
    shipped!("users.invitation_created", "users/invitation_created", true, INVITATION,
        "To whom is invited: the invitation."),
    shipped!("users.invitation_reminder", "users/invitation_reminder", true, INVITATION,
        "To whom is invited: the invitation ends soon."),
    shipped!("users.invitation_requested", "users/invitation_requested", false, INVITATION,
        "To staff: somebody wants to invite, and needs their approval."),
    shipped!("users.invitation_approved", "users/invitation_approved", false, INVITATION,
        "To the inviter: staff have approved the invitation."),
    shipped!("users.invitation_rejected", "users/invitation_rejected", false, INVITATION,
        "To the inviter: staff have rejected the invitation."),
    shipped!("users.invitation_expired", "users/invitation_expired", false, INVITATION,
        "To the inviter: nobody accepted the invitation in time."),
    shipped!("users.permission_request_submitted", "users/permission_request_submitted", false, REQUEST,
        "To those who decide: somebody asks for a role."),
    shipped!("users.permission_request_approved", "users/permission_request_approved", false, REQUEST,
        "To whom asked for a role: it is granted."),
    shipped!("users.permission_request_rejected", "users/permission_request_rejected", false, REQUEST,
        "To whom asked for a role: it is not granted."),
    Kind {
        key: "users.security_notice",
        about: "To whoever owns an account: something that guards it has changed.",
        enabled: true,
        always: true,
        facts: &[
            LINK,
            FULL_NAME,
            USERNAME,
            Fact("what", "What has happened, a sentence.", r#""password_changed""#),
            Fact("by", "Who did it, if not the owner.", r#""""#),
            Fact("at", "When.", r#""2026-05-01T10:20:00Z""#),
            Fact("address", "From which address.", r#""192.0.2.7""#),
        ],
        words: SECURITY,
        templates: templates!("users/security_notice"),
    },
    shipped!("access.review_campaign_started", "access/review_campaign_started", false, REVIEW_CAMPAIGN,
        "To a reviewer: a review campaign has started, and roles wait for a decision."),
    shipped!("access.review_campaign_reminder", "access/review_campaign_reminder", false, REVIEW_CAMPAIGN,
        "To a reviewer: roles still wait for a decision."),
    shipped!("access.activation_requested", "access/activation_requested", false, ACTIVATION,
        "To those who may give a role: somebody asks to activate it."),
    shipped!("access.activation_approved", "access/activation_approved", false, ACTIVATION,
        "To whom asked to activate a role: it is active."),
    shipped!("access.activation_rejected", "access/activation_rejected", false, ACTIVATION,
        "To whom asked to activate a role: somebody rejected it."),
    shipped!("access.activation_ended", "access/activation_ended", false, ACTIVATION,
        "To whom activated a role: it is over."),
    shipped!("users.password_reset", "users/password_reset", true,
        &[LINK, FULL_NAME, USERNAME, Fact("hours", "For how many hours the link works.", "1")],
        "To whoever forgot the password: how to set a new one."),
    shipped!("structure.change_email_request", "structure/change_email_request", true, &[LINK, FULL_NAME, USERNAME, EMAIL],
        "To a new address of an account: confirm that it is yours."),
    shipped!("structure.structure_role_granted", "structure/structure_role_granted", false, INVITATION,
        "To whoever got a role."),
    shipped!("structure.notifications_profile_changes_operator", "structure/notifications_profile_changes_operator", false,
        &[FULL_NAME, USERNAME, EMAIL, Fact("changes", "What has changed, in words.", r#""organization from 'A' to 'B'.""#)],
        "To the operator: somebody has changed the own profile."),
    shipped!("structure.event_hook", "structure/event_hook", false,
        &[
            Fact("message", "What has happened.", r#""Project Apollo has been created.""#),
            Fact("event_type", "Type of the event.", r#""project_creation_succeeded""#),
            Fact("created", "When.", r#""2026-05-01T10:20:00Z""#),
            Fact("context", "Facts of the event by name.", r#"{"project_name": "Apollo", "user_username": "ada"}"#),
        ],
        "To the address of an e-mail hook: an event."),
    shipped!("structure.email_hook_confirm", "structure/email_hook_confirm", false,
        &[LINK, EMAIL, Fact("author_full_name", "Whose hook it is.", r#""Ada Lovelace""#)],
        "To the address of an e-mail hook: do you agree?"),
    shipped!("structure.web_hook_switched_off", "structure/web_hook_switched_off", false,
        &[
            LINK,
            Fact("user_full_name", "Whose hook it is.", r#""Ada Lovelace""#),
            Fact("host", "Where the hook leads.", r#""hooks.example.org""#),
            Fact("failures", "How often its receiver took nothing.", "20"),
            Fact("since", "Since when.", r#""2026-05-01T10:20:00Z""#),
        ],
        "To whoever owns a web hook: its receiver takes nothing."),
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
    shipped!("user_actions.notification_digest", "user_actions/notification_digest", false,
        &[
            LINK,
            FULL_NAME,
            Fact("count", "How much there is.", "3"),
            Fact("actions", "What needs attention: each has a title, a description, an urgency and perhaps a due date.",
                r#"[{"title": "Storage ends in 7 days", "description": "The resource Storage ends on 2026-05-08.", "urgency": "high", "due": "2026-05-08"}]"#),
        ],
        "To a person: what needs attention."),
];
