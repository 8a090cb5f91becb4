//! The SQL of rules for new people.

use super::rules::{Criteria, Known};
use crate::plan::rules::Limits;
use serde_json::Value;
use stoa_kernel::{Error, Query, Result, Row, Tx, id::Uuid, vals};
use stoa_tenancy::grant::rules::{Restriction, texts};

/// The table.
pub const TABLE: &str = "autoprovisioning_rules";

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// Whom it fits.
    pub criteria: Criteria,
    /// The organization.
    pub customer_id: Option<i64>,
    /// Whether the organization is the one that is called like the person's.
    pub by_organization: bool,
    /// Whether the person gets a project.
    pub create_project: bool,
    /// The name of the project.
    pub template: Option<String>,
    /// The role in the project.
    pub project_role_id: Option<i64>,
    /// The role in the organization.
    pub customer_role_id: Option<i64>,
    /// The plan that is ordered.
    pub plan_id: Option<i64>,
    /// What the order's form says.
    pub attributes: Value,
    /// The order's limits.
    pub limits: Limits,
}

const COLUMNS: &str = "SELECT id, uuid, name, user_email_patterns, user_affiliations, user_identity_sources, \
     user_nationalities, user_organization_types, user_assurance_levels, customer_id, \
     use_user_organization_as_customer_name, create_project, project_name_template, project_role_id, customer_role_id, \
     plan_id, plan_attributes, plan_limits FROM autoprovisioning_rules";

fn read(row: &Row) -> Result<Rule> {
    Ok(Rule {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        criteria: Criteria {
            basic: Restriction::read(&row.get(3)?, &row.get(4)?, &row.get(5)?),
            nationalities: texts(&row.get(6)?),
            organization_types: texts(&row.get(7)?),
            assurance_levels: texts(&row.get(8)?),
        },
        customer_id: row.get(9)?,
        by_organization: row.get(10)?,
        create_project: row.get(11)?,
        template: row.get(12)?,
        project_role_id: row.get(13)?,
        customer_role_id: row.get(14)?,
        plan_id: row.get(15)?,
        attributes: row.get(16)?,
        limits: crate::order::rules::read_limits(&row.get(17)?)?,
    })
}

/// A rule, which nobody changes until the transaction ends.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Rule> {
    let row = tx.one(&format!("{COLUMNS} WHERE id = $1 FOR UPDATE"), &vals![id]).await?.ok_or(Error::NotFound)?;
    read(&row)
}

/// Every rule, in the order in which they were made.
pub async fn all(query: &mut dyn Query) -> Result<Vec<Rule>> {
    query.query(&format!("{COLUMNS} ORDER BY id"), &[]).await?.iter().map(read).collect()
}

/// Whether there is any rule.
pub async fn any(query: &mut dyn Query) -> Result<bool> {
    Ok(!query.query("SELECT 1 FROM autoprovisioning_rules LIMIT 1", &[]).await?.is_empty())
}

/// Removes a rule.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM autoprovisioning_rules WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// What rules look at, of a person.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// What criteria look at.
    pub known: Known,
    /// The organization that he says he is of.
    pub organization: String,
    /// How his account came about.
    pub registration_method: String,
}

/// What is known of a person.
///
/// # Errors
/// Not found.
pub async fn details(tx: &mut Tx, user_id: i64) -> Result<Details> {
    let sql = "SELECT email, affiliations, identity_source, nationality, nationalities, organization_type, \
               eduperson_assurance, organization, registration_method FROM users WHERE id = $1";
    let row = tx.one(sql, &vals![user_id]).await?.ok_or(Error::NotFound)?;
    let mut nationalities = texts(&row.get(4)?);
    let first: String = row.get(3)?;
    if !first.is_empty() && !nationalities.contains(&first) {
        nationalities.push(first);
    }
    Ok(Details {
        known: Known {
            email: row.get(0)?,
            affiliations: texts(&row.get(1)?),
            identity_source: row.get(2)?,
            nationalities,
            organization_type: row.get(5)?,
            assurance: texts(&row.get(6)?),
        },
        organization: row.get(7)?,
        registration_method: row.get(8)?,
    })
}

/// An organization that a rule could mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// Abbreviation.
    pub abbreviation: String,
}

/// Up to two organizations with this name.
pub async fn customers_named(tx: &mut Tx, name: &str) -> Result<Vec<Candidate>> {
    let sql = "SELECT uuid, name, abbreviation FROM customers WHERE name = $1 ORDER BY id LIMIT 2";
    candidates(&tx.query(sql, &vals![name]).await?)
}

/// The organization with this key.
pub async fn customer(tx: &mut Tx, id: i64) -> Result<Option<Candidate>> {
    let sql = "SELECT uuid, name, abbreviation FROM customers WHERE id = $1";
    Ok(candidates(&tx.query(sql, &vals![id]).await?)?.pop())
}

fn candidates(rows: &[Row]) -> Result<Vec<Candidate>> {
    let read = |row: &Row| Ok(Candidate { uuid: row.get(0)?, name: row.get(1)?, abbreviation: row.get(2)? });
    rows.iter().map(read).collect()
}

/// Whether somebody has an order for an offering in a project that waits, is executed or is done.
pub async fn has_ordered(tx: &mut Tx, user_id: i64, project_id: i64, offering_id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM orders WHERE project_id = $1 AND offering_id = $2 AND created_by = $3 AND type = 'Create' \
               AND state IN ('pending-consumer', 'pending-provider', 'pending-project', 'pending-start-date', 'executing', \
               'done') LIMIT 1";
    Ok(tx.one(sql, &vals![project_id, offering_id, user_id]).await?.is_some())
}
