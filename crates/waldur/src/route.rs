//! What a line of a route table says: a method, a path, the official names, and which action or view answers.
//!
//! A table is written with the constructors below, one line per operation, and refined with the methods that follow them:
//!
//! ```ignore
//! pub static ROUTES: &[Route] = &[
//!     Route::list("/api/projects/", "projects_list", "projects", "Project", &PROJECTS),
//!     Route::create("/api/projects/", "projects_create", "projects", "Project", &CREATE, &PROJECTS),
//!     Route::retrieve("/api/projects/{uuid}/", "projects_retrieve", "projects", "Project", &PROJECTS),
//!     Route::put("/api/projects/{uuid}/", "projects_update", "projects", "Project", &UPDATE, &PROJECTS),
//!     Route::patch("/api/projects/{uuid}/", "projects_partial_update", "projects", "Project", &UPDATE, &PROJECTS),
//!     Route::destroy("/api/projects/{uuid}/", "projects_destroy", "projects", &DELETE),
//!     Route::act("/api/projects/{uuid}/add_user/", "projects_add_user", "projects", &GRANT, Answer::Json(201, EXPIRY))
//!         .shape("UserRoleExpirationTime")
//!         .request("UserRoleCreateRequest"),
//! ];
//! ```
//!
//! **Path parameters.** The first one finds the target (or the row, or the parent of a nested list). Any further one is
//! put into the body under its own name, so that an action reads it as a field. [`Route::by`] makes a later parameter the
//! one that finds the target, and then the others go into the body.

use crate::wire::{Asked, Reply, Surface};
use futures::future::BoxFuture;
use stoa_kernel::{
    Result,
    access::Needs,
    action::Action,
    field::{Field, Who},
    view::{Column, View},
};

/// A method of HTTP that a route can have. HEAD and OPTIONS are answered for every path without a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reading.
    Get,
    /// Making, and doing.
    Post,
    /// Changing as a whole.
    Put,
    /// Changing in part.
    Patch,
    /// Removing.
    Delete,
}

impl Verb {
    /// The method's name on the wire.
    pub const fn text(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }
}

/// One operation of the API.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method.
    pub method: Verb,
    /// The path with its parameters in braces; it ends with a slash.
    pub path: &'static str,
    /// The official operation id.
    pub op: &'static str,
    /// The official tag, which is also its group in the documentation.
    pub tag: &'static str,
    /// A sentence; empty to take that of the action or view.
    pub about: &'static str,
    /// What answers.
    pub run: Run,
    /// The official component of one item of the successful answer; empty for none.
    pub shape: &'static str,
    /// The official component of the request; empty to derive it from `shape`.
    pub request: &'static str,
    /// Another view of the same thing in which the target is looked up.
    pub via: Option<&'static View>,
    /// Whether the path finds no target: what it names (a code or an identifier, say) is a field of the action.
    pub blind: bool,
    /// Names in a body that differ from the action's: (on the wire, in the action).
    pub renames: &'static [(&'static str, &'static str)],
    /// Whether credentials are not even read: signing in must work for somebody whose old token is no longer valid.
    pub anonymous: bool,
}

/// What answers an operation.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// A page of a view. HEAD counts.
    List(&'static View),
    /// A page of what belongs to a parent, which the path names. The parent must be visible to the caller (else 404) and
    /// satisfy `needs` (else 403).
    ListIn {
        /// What is listed.
        view: &'static View,
        /// The view in which the parent is looked up.
        parent: &'static View,
        /// Who may list; decided on the parent.
        needs: Needs,
        /// A condition with one bare `$`, which takes the parent's key.
        within: &'static str,
    },
    /// One row of a view.
    Retrieve(&'static View),
    /// One row of what belongs to a parent: the first path parameter names the parent, the last one the row.
    RetrieveIn {
        /// What is shown.
        view: &'static View,
        /// The view in which the parent is looked up.
        parent: &'static View,
        /// Who may see it; decided on the parent.
        needs: Needs,
        /// A condition with one bare `$`, which takes the parent's key.
        within: &'static str,
    },
    /// The row that is the caller himself, in a view of users.
    Me(&'static View),
    /// Makes a thing; 201 with the thing as the view shows it.
    Create(&'static Action, &'static View),
    /// Changes a thing; PUT as a whole, PATCH in part; 200 with the thing as the view shows it.
    Update(&'static Action, &'static View),
    /// Removes a thing; 204.
    Destroy(&'static Action),
    /// Does something.
    Act(&'static Action, Answer),
    /// Anything else: uploads, redirects, sums. The list of these may only shrink (design.md, section 8).
    Own(&'static Own),
}

/// How an action is answered.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// The thing that was made or changed (the target if the action names none) as the view shows it, and the status.
    Object(&'static View, u16),
    /// `Done::answer`, and the status. The columns describe its keys, and a uuid under a column of kind `Link` becomes
    /// the absolute address; other keys pass as they are. No columns: free JSON.
    Json(u16, &'static [Column]),
    /// `Done::answer`, which is a list of such objects.
    Many(u16, &'static [Column]),
    /// Nothing, and the status.
    Empty(u16),
    /// `{"detail": …}`, and the status.
    Detail(u16, &'static str),
}

impl Answer {
    /// The status of success.
    pub const fn status(self) -> u16 {
        match self {
            Answer::Object(_, status)
            | Answer::Json(status, _)
            | Answer::Many(status, _)
            | Answer::Empty(status)
            | Answer::Detail(status, _) => status,
        }
    }
}

/// An operation with a function of its own.
///
/// ```ignore
/// static STATS: Own = Own::new(|surface, asked| Box::pin(stats(surface, asked)), Needs::SignedIn)
///     .query(&[Field::new("for_current_month", Kind::Bool, "Only this month.")])
///     .object(200, &[Column::new("components", Kind::Json, "", "Sums by component.")]);
/// ```
#[derive(Clone, Copy)]
pub struct Own {
    /// The function.
    pub run: OwnHandler,
    /// Who may call it. Checked before the function runs as far as that is possible without a thing: being signed in, staff
    /// or support agent. What depends on a thing the function decides.
    pub needs: Needs,
    /// The query parameters, for the description.
    pub query: &'static [Field],
    /// The fields of the body, for the description; the function reads them with `Input::read`.
    pub fields: &'static [Field],
    /// The successful answer, for the description.
    pub answer: Shape,
    /// The status of success.
    pub status: u16,
    /// Whether HEAD counts: the function sees `asked.head` and answers with a count only.
    pub counts: bool,
    /// Further statuses of success, without a body.
    pub also: &'static [u16],
}

/// The function of an [`Own`] operation.
pub type OwnHandler = for<'a> fn(&'a Surface, Asked) -> BoxFuture<'a, Result<Reply>>;

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Own").field("needs", &self.needs).field("status", &self.status).finish_non_exhaustive()
    }
}

/// What the answer of an [`Own`] operation looks like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// No body.
    Empty,
    /// An object with these keys (their SQL is not used).
    Object(&'static [Column]),
    /// A list of objects with these keys.
    List(&'static [Column]),
    /// The rows of a view, listed.
    Rows(&'static View),
    /// A row of a view.
    Row(&'static View),
    /// JSON of any form.
    Any,
    /// Something that is not JSON, of this content type.
    Other(&'static str),
}

impl Own {
    /// An operation with a function of its own, which answers 200 without a body.
    pub const fn new(run: OwnHandler, needs: Needs) -> Own {
        Own { run, needs, query: &[], fields: &[], answer: Shape::Empty, status: 200, counts: false, also: &[] }
    }
    /// Its query parameters.
    pub const fn query(self, query: &'static [Field]) -> Own {
        Own { query, ..self }
    }
    /// The fields of its body.
    pub const fn body(self, fields: &'static [Field]) -> Own {
        Own { fields, ..self }
    }
    /// Its status and the keys of the object that it answers.
    pub const fn object(self, status: u16, columns: &'static [Column]) -> Own {
        Own { status, answer: Shape::Object(columns), ..self }
    }
    /// Its status and the form of its answer.
    pub const fn answer(self, status: u16, answer: Shape) -> Own {
        Own { status, answer, ..self }
    }
    /// Further statuses of success, without a body.
    pub const fn also(self, also: &'static [u16]) -> Own {
        Own { also, ..self }
    }
    /// HEAD counts.
    pub const fn counts(self) -> Own {
        Own { counts: true, ..self }
    }
}

/// See [`Route::is_exempt`].
#[rustfmt::skip]
const EXEMPT: &[&str] = &[
    "users_me_retrieve", "users_profile_completeness_retrieve", "users_update", "users_partial_update",
    "users_change_email", "users_cancel_change_email", "users_consents_list", "users_personal_data_retrieve", "users_erase",
    "users_cancel_erasure", "user_agreements_pending_list", "api_auth_logout",
];

impl Route {
    const fn new(
        method: Verb,
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        run: Run,
    ) -> Route {
        Route {
            method,
            path,
            op,
            tag,
            about: "",
            run,
            shape,
            request: "",
            via: None,
            blind: false,
            renames: &[],
            anonymous: false,
        }
    }

    /// GET of a page of a view.
    pub const fn list(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        view: &'static View,
    ) -> Route {
        Route::new(Verb::Get, path, op, tag, shape, Run::List(view))
    }

    /// GET of a page of what belongs to a parent; see [`Run::ListIn`].
    #[allow(clippy::too_many_arguments, reason = "a line of a table")]
    pub const fn list_in(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        view: &'static View,
        parent: &'static View,
        needs: Needs,
        within: &'static str,
    ) -> Route {
        Route::new(Verb::Get, path, op, tag, shape, Run::ListIn { view, parent, needs, within })
    }

    /// GET of one row of a view.
    pub const fn retrieve(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        view: &'static View,
    ) -> Route {
        Route::new(Verb::Get, path, op, tag, shape, Run::Retrieve(view))
    }

    /// GET of one row of what belongs to a parent; see [`Run::RetrieveIn`].
    #[allow(clippy::too_many_arguments, reason = "a line of a table")]
    pub const fn retrieve_in(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        view: &'static View,
        parent: &'static View,
        needs: Needs,
        within: &'static str,
    ) -> Route {
        Route::new(Verb::Get, path, op, tag, shape, Run::RetrieveIn { view, parent, needs, within })
    }

    /// GET of the caller himself.
    pub const fn me(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        view: &'static View,
    ) -> Route {
        Route::new(Verb::Get, path, op, tag, shape, Run::Me(view))
    }

    /// POST that makes a thing.
    pub const fn create(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        action: &'static Action,
        view: &'static View,
    ) -> Route {
        Route::new(Verb::Post, path, op, tag, shape, Run::Create(action, view))
    }

    /// PUT that changes a thing as a whole.
    pub const fn put(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        action: &'static Action,
        view: &'static View,
    ) -> Route {
        Route::new(Verb::Put, path, op, tag, shape, Run::Update(action, view))
    }

    /// PATCH that changes a thing in part.
    pub const fn patch(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        action: &'static Action,
        view: &'static View,
    ) -> Route {
        Route::new(Verb::Patch, path, op, tag, shape, Run::Update(action, view))
    }

    /// DELETE of a thing.
    pub const fn destroy(path: &'static str, op: &'static str, tag: &'static str, action: &'static Action) -> Route {
        Route::new(Verb::Delete, path, op, tag, "", Run::Destroy(action))
    }

    /// POST that does something. The request component defaults to the operation's own name.
    pub const fn act(
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        action: &'static Action,
        answer: Answer,
    ) -> Route {
        Route::new(Verb::Post, path, op, tag, "", Run::Act(action, answer))
    }

    /// An operation with a function of its own.
    pub const fn own(
        method: Verb,
        path: &'static str,
        op: &'static str,
        tag: &'static str,
        shape: &'static str,
        own: &'static Own,
    ) -> Route {
        Route::new(method, path, op, tag, shape, Run::Own(own))
    }

    /// Another method than the constructor's, for the few actions that are PUT or DELETE.
    pub const fn method(self, method: Verb) -> Route {
        Route { method, ..self }
    }
    /// A sentence of its own.
    pub const fn about(self, about: &'static str) -> Route {
        Route { about, ..self }
    }
    /// The official component of the answer.
    pub const fn shape(self, shape: &'static str) -> Route {
        Route { shape, ..self }
    }
    /// The official component of the request.
    pub const fn request(self, request: &'static str) -> Route {
        Route { request, ..self }
    }
    /// The target is looked up in this view instead of the action's own.
    pub const fn via(self, view: &'static View) -> Route {
        Route { via: Some(view), ..self }
    }
    /// The path finds no target: what it names is a field of the action, which looks for it itself.
    pub const fn blind(self) -> Route {
        Route { blind: true, ..self }
    }
    /// Names in the body that differ from the action's: (on the wire, in the action).
    pub const fn renames(self, renames: &'static [(&'static str, &'static str)]) -> Route {
        Route { renames, ..self }
    }

    /// Credentials are not even read.
    pub const fn anonymous(self) -> Route {
        Route { anonymous: true, ..self }
    }

    /// The names of the path's parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The path parameter that finds the target: the first.
    pub fn key(&self) -> Option<&'static str> {
        self.parameters().next().filter(|_| !self.blind)
    }

    /// The name on the wire of a field of its action.
    pub fn wire_name(&self, field: &'static str) -> &'static str {
        self.renames.iter().find(|(_, name)| *name == field).map_or(field, |(wire, _)| wire)
    }

    /// The fields that a caller can send in the body: what the path names, and what nobody may set, is not among them.
    pub fn sendable(&self) -> impl Iterator<Item = &'static Field> {
        let key = self.key();
        let in_path: Vec<&str> = self.parameters().filter(|name| Some(*name) != key).collect();
        self.fields().iter().filter(move |field| field.who != Who::Nobody && !in_path.contains(&field.name))
    }

    /// The component of its request.
    pub fn request_name(&self) -> String {
        match (self.request, self.run) {
            ("", Run::Create(..) | Run::Update(..)) if self.method == Verb::Patch => {
                format!("Patched{}Request", self.shape)
            }
            ("", Run::Create(..) | Run::Update(..)) => format!("{}Request", self.shape),
            ("", _) => format!("{}Request", pascal(self.op)),
            (name, _) => name.to_owned(),
        }
    }

    /// The sentence that describes it.
    pub fn sentence(&self) -> &'static str {
        if !self.about.is_empty() {
            return self.about;
        }
        match self.run {
            Run::List(view) | Run::ListIn { view, .. } => view.about,
            Run::Retrieve(view) | Run::RetrieveIn { view, .. } | Run::Me(view) => view.about,
            Run::Create(action, _) | Run::Update(action, _) | Run::Destroy(action) | Run::Act(action, _) => {
                action.about
            }
            Run::Own(_) => "",
        }
    }

    /// Who may call it.
    pub fn needs(&self) -> Needs {
        match self.run {
            Run::List(view) | Run::Retrieve(view) => view.needs,
            Run::ListIn { needs, .. } | Run::RetrieveIn { needs, .. } => needs,
            Run::Me(_) => Needs::SignedIn,
            Run::Create(action, _) | Run::Update(action, _) | Run::Destroy(action) | Run::Act(action, _) => {
                action.needs
            }
            Run::Own(own) => own.needs,
        }
    }

    /// Whether a user may call it whose profile lacks what it must have: what is open to strangers, what completes the
    /// profile, and what is his own whatever he lacks.
    pub fn is_exempt(&self) -> bool {
        matches!(self.needs(), Needs::Nothing) || EXEMPT.contains(&self.op)
    }

    /// The action that it runs, if it is one.
    pub fn action(&self) -> Option<&'static Action> {
        match self.run {
            Run::Create(action, _) | Run::Update(action, _) | Run::Destroy(action) | Run::Act(action, _) => {
                Some(action)
            }
            _ => None,
        }
    }

    /// The fields of its body.
    pub fn fields(&self) -> &'static [Field] {
        match (self.action(), self.run) {
            (Some(action), _) => action.fields,
            (None, Run::Own(own)) => own.fields,
            _ => &[],
        }
    }

    /// The view whose rows its answer shows, if it shows one.
    pub fn view(&self) -> Option<&'static View> {
        match self.run {
            Run::List(view) | Run::ListIn { view, .. } => Some(view),
            Run::Retrieve(view) | Run::RetrieveIn { view, .. } | Run::Me(view) => Some(view),
            Run::Create(_, view) | Run::Update(_, view) | Run::Act(_, Answer::Object(view, _)) => Some(view),
            Run::Own(Own { answer: Shape::Rows(view) | Shape::Row(view), .. }) => Some(view),
            _ => None,
        }
    }

    /// Whether its answer is a page.
    pub fn is_list(&self) -> bool {
        matches!(self.run, Run::List(_) | Run::ListIn { .. })
    }

    /// The operation id of HEAD, where it counts: `customers_list` becomes `customers_count`.
    pub fn count_op(&self) -> Option<String> {
        let counts = self.is_list() || matches!(self.run, Run::Own(own) if own.counts);
        let stem = self.op.strip_suffix("_list").or_else(|| self.op.strip_suffix("_retrieve")).unwrap_or(self.op);
        counts.then(|| format!("{stem}_count"))
    }

    /// The status of success.
    pub fn status(&self) -> u16 {
        match self.run {
            Run::List(_) | Run::ListIn { .. } | Run::Retrieve(_) | Run::RetrieveIn { .. } | Run::Me(_) => 200,
            Run::Update(..) => 200,
            Run::Create(..) => 201,
            Run::Destroy(_) => 204,
            Run::Act(_, answer) => answer.status(),
            Run::Own(own) => own.status,
        }
    }
}

/// `users_add_role` as `UsersAddRole`.
fn pascal(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(['_', '-']) {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}
