//! From nodes to typed values: one declaration of a type gives its reader, its unknown-key diagnostics and its
//! JSON Schema, so the three cannot drift apart.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::diagnostics::{Diagnostics, Place, suggest};
use super::source::{Node, NodeKind};

/// A type that can be read from a node.
pub trait Read: Sized {
    /// Reads the node; `None` after saying what is wrong.
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self>;

    /// The value of an absent key; `None` if the key must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// Its JSON Schema. Named types enter themselves into `named` and return a reference.
    fn schema(named: &mut Map<String, Value>) -> Value;
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T: Read> Read for Placed<T> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        T::read(node, diagnostics).map(|value| Self { value, place: node.place.clone() })
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        T::schema(named)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        T::read(node, diagnostics).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        T::schema(named)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let NodeKind::Seq(items) = &node.kind else {
            diagnostics.error(
                &node.place,
                format!("a list is wanted here, not {}", node.describe()),
                "write each item on a line of its own, beginning with `- `",
            );
            return None;
        };
        // What cannot be read is left out, so that the rest is checked further and all mistakes are found.
        let mut read = Vec::with_capacity(items.len());
        for item in items {
            match T::read(item, diagnostics) {
                Some(value) => read.push(value),
                None => diagnostics.lose(item),
            }
        }
        (!read.is_empty() || items.is_empty()).then_some(read)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "type": "array", "items": T::schema(named) })
    }
}

/// Names with values, in order of appearance.
pub type Named<T> = Vec<(Placed<String>, T)>;

/// A mapping with free keys.
#[derive(Clone, Debug)]
pub struct Table<T>(pub Named<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Table<T> {
    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Placed<String>, T)> {
        self.0.iter()
    }
}

impl<T: Read> Read for Table<T> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let NodeKind::Map(entries) = &node.kind else {
            diagnostics.error(
                &node.place,
                format!("a mapping is wanted here, not {}", node.describe()),
                "write `name: value` on lines of their own",
            );
            return None;
        };
        let mut read = Vec::with_capacity(entries.len());
        for (key, node) in entries {
            match T::read(node, diagnostics) {
                Some(value) => {
                    read.push((Placed { value: key.text.clone(), place: key.place.clone() }, value));
                }
                None => {
                    diagnostics.lost.insert(key.text.clone());
                    diagnostics.lose(node);
                }
            }
        }
        (!read.is_empty() || entries.is_empty()).then_some(Self(read))
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn schema(named: &mut Map<String, Value>) -> Value {
        json!({ "type": "object", "additionalProperties": T::schema(named) })
    }
}

impl Read for String {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let text = node.scalar().filter(|_| !node.is_null()).map(str::to_owned);
        if text.is_none() {
            diagnostics.error(&node.place, format!("text is wanted here, not {}", node.describe()), "");
        }
        text
    }

    fn schema(_named: &mut Map<String, Value>) -> Value {
        json!({ "type": ["string", "number", "boolean"] })
    }
}

impl Read for bool {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match node.scalar() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                diagnostics.error(
                    &node.place,
                    format!("{} is neither true nor false", node.describe()),
                    "write `true` or `false`",
                );
                None
            }
        }
    }

    fn schema(_named: &mut Map<String, Value>) -> Value {
        json!({ "type": "boolean" })
    }
}

/// Reads a scalar by `parse`, which says what is wrong and what to write.
pub fn scalar<T>(
    node: &Node,
    diagnostics: &mut Diagnostics,
    wanted: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let parsed = node.scalar().and_then(parse);
    if parsed.is_none() {
        diagnostics.error(
            &node.place,
            format!("{} is not {wanted}", node.describe()),
            format!("write {wanted}"),
        );
    }
    parsed
}

macro_rules! read_number {
    ($($type:ty, $wanted:literal, $json:literal);+) => {$(
        impl Read for $type {
            fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
                scalar(node, diagnostics, $wanted, |text| text.replace('_', "").parse().ok())
            }

            fn schema(_named: &mut Map<String, Value>) -> Value {
                json!({ "type": $json })
            }
        }
    )+};
}

read_number! {
    f64, "a number", "number";
    u16, "a whole number such as 200", "integer";
    u32, "a whole number such as 10", "integer";
    u64, "a whole number such as 10", "integer"
}

impl Read for Value {
    fn read(node: &Node, _diagnostics: &mut Diagnostics) -> Option<Self> {
        Some(node.to_json())
    }

    fn schema(_named: &mut Map<String, Value>) -> Value {
        json!(true)
    }
}

impl Read for Node {
    fn read(node: &Node, _diagnostics: &mut Diagnostics) -> Option<Self> {
        Some(node.clone())
    }

    fn schema(_named: &mut Map<String, Value>) -> Value {
        json!(true)
    }
}

/// Says which keys of `node` are not among `known`.
pub fn refuse_unknown_keys(node: &Node, what: &str, known: &[&str], diagnostics: &mut Diagnostics) {
    for (key, _) in node.entries().iter().filter(|(k, _)| !known.contains(&k.text.as_str())) {
        let message = format!("`{}` is not a key of {what}", key.text);
        diagnostics.error(&key.place, message, suggest(&key.text, known.iter().copied()));
    }
}

/// Reads one field of a record. A field that may be absent is taken for absent if it cannot be read, so that the
/// rest of the record is checked further.
pub fn field<T: Read>(node: &Node, what: &str, key: &str, diagnostics: &mut Diagnostics) -> Option<T> {
    match node.entry(key) {
        Some(value) => T::read(value, diagnostics).or_else(|| {
            diagnostics.damage(&node.place, value);
            T::absent()
        }),
        None => {
            let absent = T::absent();
            if absent.is_none() {
                diagnostics.error(&node.place, format!("{what} needs `{key}`"), format!("add `{key}:`"));
            }
            absent
        }
    }
}

/// Declares a mapping with fixed keys: the type, its reader and its schema.
macro_rules! record {
    ($(#[doc = $about:literal])+ pub struct $name:ident, $what:literal { $($(#[doc = $doc:literal])+ $field:ident $(= $key:literal)? : $type:ty,)+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub struct $name {
            /// Where it stands.
            pub place: $crate::yaml::diagnostics::Place,
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl $name {
            /// The keys it knows.
            pub const KEYS: &'static [&'static str] = &[$(record!(@key $field $($key)?),)+];
        }

        impl $crate::yaml::read::Read for $name {
            fn read(node: &$crate::yaml::source::Node, diagnostics: &mut $crate::yaml::diagnostics::Diagnostics) -> Option<Self> {
                if !matches!(node.kind, $crate::yaml::source::NodeKind::Map(_)) {
                    let keys: Vec<_> = Self::KEYS.iter().map(|k| format!("`{k}`")).collect();
                    diagnostics.error(&node.place, format!("{} is a mapping, not {}", $what, node.describe()), format!("its keys are {}", keys.join(", ")));
                    return None;
                }
                // An unknown key is said and the rest is read all the same: more may be wrong further on.
                $crate::yaml::read::refuse_unknown_keys(node, $what, Self::KEYS, diagnostics);
                $(let $field = $crate::yaml::read::field(node, $what, record!(@key $field $($key)?), diagnostics);)+
                Some(Self { place: node.place.clone(), $($field: $field?,)+ })
            }

            fn schema(named: &mut serde_json::Map<String, serde_json::Value>) -> serde_json::Value {
                $crate::yaml::read::named_schema(stringify!($name), named, |named| {
                    let mut properties = serde_json::Map::new();
                    let mut required = Vec::new();
                    $(
                        let mut property = <$type as $crate::yaml::read::Read>::schema(named);
                        $crate::yaml::read::describe(&mut property, concat!($($doc),+));
                        properties.insert(record!(@key $field $($key)?).to_owned(), property);
                        if <$type as $crate::yaml::read::Read>::absent().is_none() {
                            required.push(record!(@key $field $($key)?));
                        }
                    )+
                    serde_json::json!({
                        "description": concat!($($about),+).trim(),
                        "type": "object",
                        "additionalProperties": false,
                        "properties": properties,
                        "required": required,
                    })
                })
            }
        }
    };
    (@key $field:ident $key:literal) => { $key };
    (@key $field:ident) => { stringify!($field) };
}
pub(crate) use record;

/// Enters a named type's schema once and returns a reference to it; recursive types end here.
pub fn named_schema(
    name: &str,
    named: &mut Map<String, Value>,
    make: impl FnOnce(&mut Map<String, Value>) -> Value,
) -> Value {
    if !named.contains_key(name) {
        named.insert(name.to_owned(), Value::Null);
        let schema = make(named);
        named.insert(name.to_owned(), schema);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// Adds a description, beside a reference if the schema is one.
pub fn describe(schema: &mut Value, description: &str) {
    if let Value::Object(object) = schema {
        object.insert("description".to_owned(), json!(description.trim()));
    }
}

/// A table as a sorted map.
pub fn sorted<T: Clone>(table: &Table<T>) -> BTreeMap<String, T> {
    table.iter().map(|(key, value)| (key.value.clone(), value.clone())).collect()
}
