//! What can be seen: a view is a table of columns, filters and orders, and whose rows one sees.
//!
//! A view goes from rows to an answer through its columns without a struct between; [`Ask`] says which part of it.

use crate::{
    access::{Actor, Needs, Permission, Scope},
    error::{Error, Result},
    field::{Kind, Who},
    id,
    time::{Date, Time},
    val::Val,
};

/// A view of things of one kind.
#[derive(Debug)]
pub struct View {
    /// Its name, such as `projects`.
    pub name: &'static str,
    /// The kind of thing that a row is, such as `project`.
    pub thing: &'static str,
    /// A sentence.
    pub about: &'static str,
    /// The table with its alias: `projects p`.
    pub from: &'static str,
    /// Joins, taken only where a column, filter or order in use mentions their alias.
    pub joins: &'static [Join],
    /// The key column: `p.id`.
    pub key: &'static str,
    /// The column by which one row is found: `p.uuid`.
    pub lookup: &'static str,
    /// A condition that always holds, such as `NOT p.is_removed`; empty for none.
    pub always: &'static str,
    /// Who may open it at all.
    pub needs: Needs,
    /// Whose rows one sees.
    pub visible: fn(&Actor, &mut Clause),
    /// The columns, in the order in which they are shown.
    pub columns: &'static [Column],
    /// The filters.
    pub filters: &'static [Filter],
    /// The orders by which a caller may sort.
    pub orders: &'static [Order],
    /// The order if none is asked for: SQL terms, without the final key.
    pub default_order: &'static str,
    /// Places at which a row stands, for decisions on it.
    pub places: &'static [PlaceColumn],
    /// SQL of the row's state, if it has one.
    pub state: Option<&'static str>,
    /// SQL of the row's name, for messages.
    pub label: &'static str,
    /// SQL of the key of the user whom the row is or belongs to.
    pub owner: Option<&'static str>,
}

/// A place of a row: the name of the place, the kind of scope there, and the SQL of its key.
#[derive(Debug, Clone, Copy)]
pub struct PlaceColumn(pub &'static str, pub &'static str, pub &'static str);

/// A join that is taken when its alias is in use: alias and SQL.
#[derive(Debug, Clone, Copy)]
pub struct Join(pub &'static str, pub &'static str);

/// A column: one SQL expression with a type and a sentence.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The expression. May contain `{actor}` (key of the asking user), `{token}` (key of the token that he presents), `{holder}`
    /// (the same as `{actor}` where it is about his grants; 0 for a narrowed credential, whose grants are not in the tables),
    /// `{now}`, `{today}`, `{staff}` (whether he sees all), `{label:r.name}` (the text of the column `r.name` in the language of
    /// the asking user, `r.name_xx`, or `r.name` itself where that has none), and, for rows within a row, `{row}` (the row's
    /// values).
    pub sql: &'static str,
    /// Whether it can be null.
    pub nullable: bool,
    /// Who sees it.
    pub who: Who,
    /// Whether it is shown only when asked for by name.
    pub optional: bool,
    /// Whether it is left out of a row in which it is null.
    pub absent: bool,
    /// A permission without which a row's value is not shown, and where it counts: kind of the scope and SQL of its key.
    pub holders: Option<(Permission, &'static [(Scope, &'static str)])>,
    /// A sentence.
    pub about: &'static str,
}

impl Column {
    /// A column that is never null and that everybody sees.
    pub const fn new(name: &'static str, kind: Kind, sql: &'static str, about: &'static str) -> Column {
        let (who, holders) = (Who::Everyone, None);
        Column { name, kind, sql, nullable: false, who, optional: false, absent: false, holders, about }
    }
    /// It can be null.
    pub const fn nullable(self) -> Column {
        Column { nullable: true, ..self }
    }
    /// It is left out of a row in which it is null (for clients whose parser refuses a null there).
    pub const fn absent(self) -> Column {
        Column { absent: true, ..self }
    }
    /// Only these see it; for others it is absent.
    pub const fn only(self, who: Who) -> Column {
        Column { who, ..self }
    }
    /// In a row it is shown only to those who may this at one of these scopes of the row (and to staff); to others it is null.
    /// What the caller's credential narrows counts.
    pub const fn for_holders(self, permission: Permission, places: &'static [(Scope, &'static str)]) -> Column {
        Column { nullable: true, holders: Some((permission, places)), ..self }
    }
    /// It is shown only when asked for by name.
    pub const fn optional(self) -> Column {
        Column { optional: true, ..self }
    }
}

/// A filter: one line gives parsing, SQL, documentation and the form on the page.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Name of the parameter.
    pub name: &'static str,
    /// How it is read and compared.
    pub test: Test,
    /// A sentence.
    pub about: &'static str,
}

/// How a filter reads its value, and what it compares.
#[derive(Debug, Clone, Copy)]
pub enum Test {
    /// Part of one of these expressions, in any case.
    Contains(&'static [&'static str]),
    /// The expression is this text.
    Equals(&'static str),
    /// The expression is one of the texts sent.
    AnyText(&'static str),
    /// The expression is one of these choices; anything else is refused.
    AnyOf(&'static str, &'static [&'static str]),
    /// The expression is this truth; it must be SQL of a boolean.
    Bool(&'static str),
    /// The first condition holds if the value is true, the second if it is false; an empty one does not restrict.
    Flag(&'static str, &'static str),
    /// If the value is true, the view's `always` condition does not hold: what is hidden by default is listed too. In a view
    /// with such a filter, a row that is asked for by itself is shown even if hidden.
    Unhide,
    /// The expression is this whole number.
    Int(&'static str),
    /// The condition holds for this uuid (or for one of several): SQL with `= ANY($)`; a malformed one is refused.
    Uuid(&'static str),
    /// The same; a malformed one finds nothing.
    UuidLoose(&'static str),
    /// A link to a thing of this kind; the condition has `= ANY($)` for its uuid. A link elsewhere finds nothing.
    Link(&'static str, &'static str),
    /// The instant is at or after this one.
    From(&'static str),
    /// The instant is before this one.
    Until(&'static str),
    /// For one of these uuids; the function also gets whether the other parameter of this name is true. A malformed one is
    /// refused.
    UuidIf(&'static str, fn(&mut Clause, &Actor, Vec<id::Uuid>, bool)),
    /// Anything else: gets the values that were sent.
    By(fn(&mut Clause, &Actor, &[String]) -> Result<()>),
}

/// An order by which a caller may sort: name, SQL, and whether it can be null.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// Name of the order.
    pub name: &'static str,
    /// The SQL terms, separated by commas.
    pub sql: &'static str,
    /// Whether a term can be null; nulls come last either way.
    pub nullable: bool,
}

/// Which part of a view is asked for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Parameters by name, in the order sent; a name may repeat. Unknown names are ignored.
    pub filters: Vec<(String, String)>,
    /// Names of orders, a leading `-` for descending.
    pub order: Vec<String>,
    /// Names of the columns to show; empty for all that are not optional.
    pub fields: Vec<String>,
    /// Further conditions of the surface: SQL with bare `$` and the values for them.
    pub within: Vec<(&'static str, Vec<Val>)>,
    /// Rows to skip.
    pub offset: i64,
    /// Most rows to give; 0 to only count.
    pub limit: i64,
    /// Only the row with this public identifier (or other lookup value).
    pub one: Option<Val>,
    /// Drop the view's `always` condition.
    pub all_rows: bool,
}

impl Ask {
    /// One row.
    pub fn one(lookup: impl Into<Val>) -> Ask {
        Ask { one: Some(lookup.into()), limit: 1, ..Ask::default() }
    }

    /// All values of a parameter.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.filters.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// Whether a parameter was sent as true.
    pub fn is_true(&self, name: &str) -> bool {
        self.values(name).last().and_then(|last| truth(last)) == Some(true)
    }
}

/// SQL under construction: text, and the values for `$1, $2, …` in the order in which they appear.
#[derive(Debug, Clone)]
pub struct Clause {
    /// The text so far.
    pub text: String,
    /// The values so far.
    pub params: Vec<Val>,
    actor: i64,
    token: i64,
    holder: i64,
    staff: bool,
    language: &'static str,
    now: Time,
}

impl Clause {
    /// Nothing yet, for this actor at this instant.
    pub fn new(actor: &Actor, now: Time) -> Clause {
        let token = actor.token.map_or(0, |(token, _)| token);
        // The grants of the user are not those of a narrowed credential: as a holder of grants it is nobody.
        let holder = if actor.narrow.is_some() { 0 } else { actor.id };
        let (staff, language) = (actor.sees_all(), actor.language);
        Clause { text: String::new(), params: Vec::new(), actor: actor.id, token, holder, staff, language, now }
    }

    /// The instant for which this is asked.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The day of that instant.
    pub fn today(&self) -> Date {
        self.now.date()
    }

    /// Appends SQL; each bare `$` takes the next value. `{actor}`, `{token}`, `{holder}`, `{staff}`, `{now}`, `{today}`
    /// and `{label:…}` are filled in.
    pub fn push(&mut self, template: &str, values: impl IntoIterator<Item = Val>) {
        let mut values = values.into_iter();
        let mut rest = template;
        while let Some(at) = rest.find(['$', '{']) {
            self.text.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some((name, value, cast)) = self.known(rest) {
                self.bind(value);
                self.text.push_str(cast);
                rest = &rest[name.len()..];
            } else if let Some((column, after)) = rest.strip_prefix("{label:").and_then(|rest| rest.split_once('}')) {
                self.text.push_str(&label(column, self.language));
                rest = after;
            } else {
                if rest.starts_with('$') {
                    let value = values.next().unwrap_or(Val::Null);
                    self.bind(value);
                } else {
                    self.text.push('{');
                }
                rest = &rest[1..];
            }
        }
        self.text.push_str(rest);
    }

    /// The filled-in word with which a text begins: its name, value and type.
    fn known(&self, text: &str) -> Option<(&'static str, Val, &'static str)> {
        let words = [
            ("{actor}", Val::Int(self.actor), "::bigint"),
            ("{token}", Val::Int(self.token), "::bigint"),
            ("{holder}", Val::Int(self.holder), "::bigint"),
            ("{staff}", Val::Bool(self.staff), "::boolean"),
            ("{now}", Val::Time(self.now), "::timestamptz"),
            ("{today}", Val::Date(self.now.date()), "::date"),
        ];
        words.into_iter().find(|(name, ..)| text.starts_with(name))
    }

    fn bind(&mut self, value: Val) {
        self.params.push(value);
        self.text.push('$');
        self.text.push_str(&self.params.len().to_string());
    }

    /// The condition that a key is in the union of these selections, each `SELECT id FROM … WHERE … = ANY($)` with its
    /// keys; selections without keys are left out, and nothing is left if all are (design.md, section 3: never a
    /// correlated EXISTS, never OR over tables).
    pub fn key_in(&mut self, key: &str, parts: &[(&str, Vec<i64>)]) {
        let parts: Vec<_> = parts.iter().filter(|(_, ids)| !ids.is_empty()).collect();
        if parts.is_empty() {
            self.text.push_str("FALSE");
            return;
        }
        self.text.push_str(key);
        self.text.push_str(" IN (");
        for (at, (sql, ids)) in parts.into_iter().enumerate() {
            if at > 0 {
                self.text.push_str(" UNION ");
            }
            self.push(sql, [Val::from(ids.clone())]);
        }
        self.text.push(')');
    }
}

/// The text of a column in a language, whose own column is called after it.
fn label(column: &str, language: &'static str) -> String {
    match language {
        "" => column.to_owned(),
        _ => format!("COALESCE(NULLIF({column}_{language}, ''), {column})"),
    }
}

/// A filter's value that makes the whole answer empty.
fn nothing(clause: &mut Clause) {
    clause.text.push_str("FALSE");
}

/// Reads true or false as filters do.
pub fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "1" => Some(true),
        "false" | "False" | "FALSE" | "0" => Some(false),
        _ => None,
    }
}

/// The pattern that finds a text anywhere, as LIKE reads it with `\` as escape.
pub fn like(text: &str) -> Val {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Val::Text(pattern)
}

impl Filter {
    /// A filter.
    pub const fn new(name: &'static str, test: Test, about: &'static str) -> Filter {
        Filter { name, test, about }
    }

    /// Appends the filter's condition for what was sent. Returns whether it restricts anything.
    ///
    /// # Errors
    /// Invalid, with the filter's name, for a value that it can't read.
    pub fn apply(&self, clause: &mut Clause, actor: &Actor, ask: &Ask) -> Result<bool> {
        let values = &ask.values(self.name)[..];
        let Some(last) = values.last() else { return Ok(false) };
        let bad = |message: &str| Err(Error::field(self.name, message));
        if last.contains('\0') {
            return bad("Null characters are not allowed.");
        }
        if last.is_empty() && !matches!(self.test, Test::By(_)) {
            return Ok(false);
        }
        match self.test {
            Test::Contains(expressions) => {
                for (at, sql) in expressions.iter().enumerate() {
                    let open = if at == 0 { "(FOLD(" } else { " OR FOLD(" };
                    clause.push(&format!("{open}{sql}) LIKE $ ESCAPE '\\'"), [like(last)]);
                }
                clause.text.push(')');
            }
            Test::Equals(sql) => clause.push(&format!("{sql} = $"), [Val::from(last)]),
            Test::AnyText(sql) => clause.push(&format!("{sql} = ANY($)"), [Val::from(values.to_vec())]),
            Test::AnyOf(sql, choices) => {
                if let Some(wrong) = values.iter().find(|value| !choices.contains(&value.as_str())) {
                    let wrong: String = wrong.chars().take(100).collect();
                    return bad(&format!("Select a valid choice. {wrong} is not one of the available choices."));
                }
                clause.push(&format!("{sql} = ANY($)"), [Val::from(values.to_vec())]);
            }
            Test::Bool(sql) => match truth(last) {
                Some(wanted) => clause.push(&format!("{sql} = $"), [Val::Bool(wanted)]),
                None => return Ok(false),
            },
            Test::Flag(yes, no) => {
                let Some(wanted) = truth(last) else { return Ok(false) };
                let sql = if wanted { yes } else { no };
                if sql.is_empty() {
                    return Ok(false);
                }
                clause.push(sql, []);
            }
            Test::Unhide => return Ok(false),
            Test::Int(sql) => match last.trim().parse::<i64>() {
                Ok(n) if i32::try_from(n).is_ok() => clause.push(&format!("{sql} = $"), [Val::Int(n)]),
                _ => return bad("Enter a number."),
            },
            Test::Uuid(sql) | Test::UuidLoose(sql) | Test::Link(_, sql) => {
                let ids: Option<Vec<_>> = values.iter().map(|value| id::parse(value)).collect();
                match (ids, self.test) {
                    (Some(ids), _) => clause.push(sql, [Val::from(ids)]),
                    (None, Test::Uuid(_)) => return bad("Enter a valid UUID."),
                    (None, _) => nothing(clause),
                }
            }
            Test::UuidIf(other, function) => match values.iter().map(|value| id::parse(value)).collect() {
                Some(ids) => function(clause, actor, ids, ask.is_true(other)),
                None => return bad("Enter a valid UUID."),
            },
            Test::From(sql) | Test::Until(sql) => match Time::parse(last) {
                Some(time) => {
                    let compare = if matches!(self.test, Test::From(_)) { ">=" } else { "<" };
                    clause.push(&format!("{sql} {compare} $"), [Val::Time(time)]);
                }
                None => return bad("Enter a valid date/time."),
            },
            Test::By(function) => {
                let before = clause.text.len();
                function(clause, actor, values)?;
                return Ok(clause.text.len() > before);
            }
        }
        Ok(true)
    }
}

impl Order {
    /// An order by terms that are never null.
    pub const fn new(name: &'static str, sql: &'static str) -> Order {
        Order { name, sql, nullable: false }
    }
    /// A term can be null.
    pub const fn nullable(self) -> Order {
        Order { nullable: true, ..self }
    }
}

/// A statement for a view, and the columns that its rows carry after the key.
#[derive(Debug)]
pub struct Statement {
    /// Text and values.
    pub clause: Clause,
    /// The columns, in order; value `i + 2` of a row belongs to column `i` (0 is the key, 1 the total). The keys of the places
    /// follow where one row is asked for.
    pub columns: Vec<&'static Column>,
}

impl View {
    /// This view with more columns, joins and filters, which an area above adds to it; one with a known name takes the
    /// place of the one there. So an area shows what it knows of a thing of an area below, in the same statement, and the
    /// area below need not know it. Call it once for each view and keep the result: what is added is kept for ever.
    pub fn with(&'static self, columns: &[Column], joins: &[Join], filters: &[Filter]) -> View {
        let mut all = self.columns.to_vec();
        for column in columns {
            match all.iter_mut().find(|known| known.name == column.name) {
                Some(known) => *known = *column,
                None => all.push(*column),
            }
        }
        let mut filtering = self.filters.to_vec();
        for filter in filters {
            match filtering.iter_mut().find(|known| known.name == filter.name) {
                Some(known) => *known = *filter,
                None => filtering.push(*filter),
            }
        }
        let joins = [self.joins, joins].concat();
        View { columns: all.leak(), joins: joins.leak(), filters: filtering.leak(), ..*self }
    }

    /// The statement that counts what an actor sees.
    pub fn count(&self, actor: &Actor, ask: &Ask, now: Time) -> Result<Clause> {
        let mut clause = Clause::new(actor, now);
        clause.text.push_str("SELECT ");
        self.total(&mut clause, actor, ask)?;
        Ok(clause)
    }

    /// The statement for a page (or one row), with the total of all pages in each row.
    pub fn select(&self, actor: &Actor, ask: &Ask, now: Time) -> Result<Statement> {
        let columns = self.chosen(actor, &ask.fields);
        let mut clause = Clause::new(actor, now);
        clause.text.push_str("SELECT ");
        clause.text.push_str(self.key);
        clause.text.push_str(", ");
        if ask.one.is_some() {
            clause.text.push('1');
        } else {
            clause.text.push('(');
            clause.text.push_str("SELECT ");
            self.total(&mut clause, actor, ask)?;
            clause.text.push(')');
        }
        for column in &columns {
            clause.text.push_str(", ");
            column.push(&mut clause, actor);
        }
        if ask.one.is_some() {
            // Where the one row stands says through which grants it was opened.
            for place in self.places {
                clause.push(&format!(", {}", place.2), []);
            }
        }
        // Only a table's own key names one row; what is made of several tables may have a key more than once.
        let is_table = self.from.split_whitespace().count() == 2;
        if ask.one.is_some() || !is_table {
            let order = if ask.one.is_some() { String::new() } else { self.order_terms(&ask.order)? };
            let mut tail = Clause::new(actor, now);
            self.conditions(&mut tail, actor, ask)?;
            let mentions = format!("{} {} {order}", clause.text, tail.text);
            self.push_from(&mut clause, &mentions);
            self.conditions(&mut clause, actor, ask)?;
            if ask.one.is_none() {
                clause.text.push_str(&order);
                clause.push(" LIMIT $ OFFSET $", [Val::Int(ask.limit), Val::Int(ask.offset)]);
            }
        } else {
            // The keys of the page first: what is sorted is small, and the columns are computed for the page alone.
            let order = self.order_terms(&ask.order)?;
            let mentions = format!("{} {}", clause.text, order);
            self.push_from(&mut clause, &mentions);
            clause.text.push_str(&format!(" WHERE {} IN (SELECT {}", self.key, self.key));
            let mut tail = Clause::new(actor, now);
            self.conditions(&mut tail, actor, ask)?;
            self.push_from(&mut clause, &format!("{} {}", tail.text, order));
            self.conditions(&mut clause, actor, ask)?;
            clause.text.push_str(&order);
            clause.push(" LIMIT $ OFFSET $", [Val::Int(ask.limit), Val::Int(ask.offset)]);
            clause.text.push(')');
            clause.text.push_str(&order);
        }
        Ok(Statement { clause, columns })
    }

    /// The statement that finds one row and what a decision on it needs: key, uuid, name, state, owner, then the places.
    pub fn find(&self, actor: &Actor, lookup: &Val, visible: bool, now: Time) -> Result<Clause> {
        let mut clause = Clause::new(actor, now);
        let uuid = if self.lookup.ends_with(".uuid") { self.lookup } else { "NULL" };
        let list = [self.key, uuid, self.label, self.state.unwrap_or("NULL"), self.owner.unwrap_or("NULL")]
            .into_iter()
            .chain(self.places.iter().map(|place| place.2))
            .collect::<Vec<_>>()
            .join(", ");
        clause.push(&format!("SELECT {list}"), []);
        let ask = Ask { one: Some(lookup.clone()), all_rows: true, ..Ask::default() };
        let everything = Actor { staff: true, ..Actor::system() };
        let seer = if visible { actor } else { &everything };
        let mut tail = Clause::new(actor, now);
        self.conditions(&mut tail, seer, &ask)?;
        let mentions = format!("{} {}", clause.text, tail.text);
        self.push_from(&mut clause, &mentions);
        self.conditions(&mut clause, seer, &ask)?;
        Ok(clause)
    }

    fn total(&self, clause: &mut Clause, actor: &Actor, ask: &Ask) -> Result<()> {
        clause.text.push_str("count(*)");
        let mut tail = Clause::new(actor, clause.now);
        self.conditions(&mut tail, actor, ask)?;
        self.push_from(clause, &tail.text);
        self.conditions(clause, actor, ask)
    }

    /// The columns that an actor gets for the names asked; unknown names are ignored, and all are meant if none is known.
    pub fn chosen(&self, actor: &Actor, fields: &[String]) -> Vec<&'static Column> {
        // A column for the row's own user may be selected for every row; the surface leaves it out where it is not his.
        let allowed = |column: &&Column| column.who.includes(actor, true);
        let named: Vec<&'static Column> =
            self.columns.iter().filter(|c| fields.iter().any(|f| f == c.name)).filter(allowed).collect();
        if !named.is_empty() {
            return named;
        }
        self.columns.iter().filter(|column| !column.optional).filter(allowed).collect()
    }

    fn push_from(&self, clause: &mut Clause, mentions: &str) {
        clause.text.push_str(" FROM ");
        clause.text.push_str(self.from);
        let mut taken = vec![false; self.joins.len()];
        let mut text = mentions.to_owned();
        // Joins may need earlier joins: from the last to the first, each one taken adds its own mentions.
        for (at, join) in self.joins.iter().enumerate().rev() {
            if mentions_alias(&text, join.0) {
                taken[at] = true;
                text.push(' ');
                text.push_str(join.1);
            }
        }
        for (join, taken) in self.joins.iter().zip(taken) {
            if taken {
                clause.text.push(' ');
                clause.push(join.1, []);
            }
        }
    }

    fn conditions(&self, clause: &mut Clause, actor: &Actor, ask: &Ask) -> Result<()> {
        let mut open = " WHERE ";
        let unhide = |filter: &Filter| matches!(filter.test, Test::Unhide);
        let asked = |filter: &Filter| ask.is_true(filter.name);
        let unhidden = |filter: &Filter| ask.one.is_some() || asked(filter);
        let all_rows = ask.all_rows || self.filters.iter().any(|filter| unhide(filter) && unhidden(filter));
        if !self.always.is_empty() && !all_rows {
            clause.text.push_str(open);
            clause.push(self.always, []);
            open = " AND ";
        }
        if !actor.sees_all() || self.is_own() {
            clause.text.push_str(open);
            self.seen(clause, actor);
            open = " AND ";
        }
        if let Some(lookup) = &ask.one {
            clause.text.push_str(open);
            clause.push(&format!("{} = $", self.lookup), [lookup.clone()]);
            open = " AND ";
        }
        for (sql, values) in &ask.within {
            clause.text.push_str(open);
            clause.push(sql, values.iter().cloned());
            open = " AND ";
        }
        for filter in self.filters {
            let before = clause.text.len();
            clause.text.push_str(open);
            if filter.apply(clause, actor, ask)? {
                open = " AND ";
            } else {
                clause.text.truncate(before);
            }
        }
        Ok(())
    }

    /// Whether what it shows is private: staff and support agents see their own rows as everybody does.
    fn is_own(&self) -> bool {
        self.thing == "own" || self.thing.starts_with("own_")
    }

    /// Whose rows one sees; with a bound credential, those among them that belong to what it is bound to, and those that
    /// everybody sees.
    fn seen(&self, clause: &mut Clause, actor: &Actor) {
        let Some(bound) = actor.bound() else { return (self.visible)(actor, clause) };
        let places = bound.places(self.thing, self.places);
        if places.is_empty() {
            return (self.visible)(&actor.within_bounds(), clause);
        }
        // What everybody sees, signed in or not, is not hidden from a token.
        let public = matches!(self.needs, Needs::Nothing);
        clause.text.push_str(if public { "(" } else { "" });
        (self.visible)(actor, clause);
        clause.text.push_str(" AND ");
        bound.condition(clause, &places);
        if public {
            clause.text.push_str(" OR ");
            (self.visible)(&Actor::stranger(), clause);
            clause.text.push(')');
        }
    }

    fn order_terms(&self, order: &[String]) -> Result<String> {
        let mut terms = Vec::new();
        for name in order.iter().flat_map(|names| names.split(',')).map(str::trim).filter(|name| !name.is_empty()) {
            let (plain, descending) = name.strip_prefix('-').map_or((name, false), |rest| (rest, true));
            let Some(found) = self.orders.iter().find(|order| order.name == plain) else {
                let shown: String = name.chars().take(100).collect();
                let message = format!("Select a valid choice. {shown} is not one of the available choices.");
                return Err(Error::field("o", message));
            };
            let direction = if descending { " DESC" } else { "" };
            let nulls = if found.nullable { " NULLS LAST" } else { "" };
            terms.extend(found.sql.split(", ").map(|term| format!("{term}{direction}{nulls}")));
            if terms.len() > 8 {
                return Err(Error::field("o", "Too many orders."));
            }
        }
        if terms.is_empty() && !self.default_order.is_empty() {
            terms.push(self.default_order.to_owned());
        }
        let last_descends = terms.last().is_some_and(|term| term.contains(" DESC"));
        terms.push(format!("{}{}", self.key, if last_descends { " DESC" } else { "" }));
        Ok(format!(" ORDER BY {}", terms.join(", ")))
    }
}

impl Column {
    fn push(&self, clause: &mut Clause, actor: &Actor) {
        let Some((permission, places)) = self.holders.filter(|holders| !actor.passes_as_staff(holders.0)) else {
            return self.push_value(clause);
        };
        clause.text.push_str("CASE WHEN FALSE");
        for (scope, key) in places {
            clause.push(&format!(" OR {key} = ANY($)"), [Val::from(actor.may_at(scope, permission))]);
        }
        clause.text.push_str(" THEN ");
        self.push_value(clause);
        clause.text.push_str(" END");
    }

    fn push_value(&self, clause: &mut Clause) {
        match self.kind {
            Kind::Rows(_, columns) | Kind::OneRow(_, columns) => {
                clause.push(&self.sql.replace("{row}", &row_of(columns)), []);
            }
            _ => clause.push(self.sql, []),
        }
    }
}

/// The values of a row within a row, as one JSON array.
fn row_of(columns: &[Column]) -> String {
    let values: Vec<String> = columns
        .iter()
        .map(|column| match column.kind {
            Kind::Uuid | Kind::Link(_) => format!("HEXID({})", column.sql),
            Kind::Rows(_, inner) | Kind::OneRow(_, inner) => column.sql.replace("{row}", &row_of(inner)),
            _ => column.sql.to_owned(),
        })
        .collect();
    format!("JSON_ROW({})", values.join(", "))
}

fn mentions_alias(text: &str, alias: &str) -> bool {
    let needle = format!("{alias}.");
    text.match_indices(&needle).any(|(at, _)| {
        let before = text[..at].bytes().last();
        !before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}
