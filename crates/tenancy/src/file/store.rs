//! The SQL of files.

use super::rules;
use base64::{Engine, engine::general_purpose::STANDARD};
use stoa_kernel::{
    Error, Query, Result, Val,
    action::Cx,
    field::{Field, Input, Kind},
    id::Uuid,
    vals,
};

/// SQL of the address of the file of an alias, as columns of kind [`Kind::File`] show it; null without a file.
#[macro_export]
macro_rules! file_url {
    ($alias:literal) => {
        concat!("'/media/' || HEXID(", $alias, ".uuid) || '/'")
    };
}

/// Stores the pictures of an input and puts their keys in place of them; a null stays null.
///
/// # Errors
/// Invalid, by field, for what is no picture or too large.
pub async fn save(cx: &mut Cx<'_>, fields: &'static [Field], input: &mut Input) -> Result<()> {
    for field in fields.iter().filter(|field| matches!(field.kind, Kind::File)) {
        let Some(sent) = input.json(field.name).cloned() else { continue };
        let text = |key: &str| sent[key].as_str().unwrap_or_default().to_owned();
        let bytes = STANDARD.decode(text("base64")).unwrap_or_default();
        if bytes.len() > rules::MAX {
            return Err(Error::field(field.name, format!("Ensure the file is not larger than {} bytes.", rules::MAX)));
        }
        let Some(content_type) = rules::picture_type(&bytes) else {
            let message = "Upload a valid image. The file you uploaded was either not an image or a corrupted image.";
            return Err(Error::field(field.name, message));
        };
        let name: String = text("filename").chars().filter(|c| !c.is_control()).take(200).collect();
        let by = (cx.actor.id != 0).then_some(cx.actor.id);
        let row = cx
            .tx
            .one(
                "INSERT INTO files (uuid, name, content_type, content, created, created_by) \
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                &vals![cx.core.clock.uuid(), name, content_type, Val::Bytes(bytes), cx.now, by],
            )
            .await?
            .ok_or_else(|| Error::broken("a file got no key"))?;
        input.set(field.name, row.get::<i64>(0)?);
    }
    Ok(())
}

/// The address under which a file is shown.
///
/// # Errors
/// Not found if there is no such file.
pub async fn address(query: &mut dyn Query, id: i64) -> Result<String> {
    let rows = query.query("SELECT uuid FROM files WHERE id = $1", &vals![id]).await?;
    let uuid: Uuid = rows.first().ok_or(Error::NotFound)?.get(0)?;
    Ok(format!("/media/{}/", stoa_kernel::id::hex(&uuid)))
}

/// A file: its type and its bytes.
pub async fn load(query: &mut dyn Query, uuid: Uuid) -> Result<Option<(String, Vec<u8>)>> {
    let rows = query.query("SELECT content_type, content FROM files WHERE uuid = $1", &vals![uuid]).await?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
