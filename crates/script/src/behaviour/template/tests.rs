//! Templates and what they refuse.

use rand::SeedableRng;
use serde_json::json;

use super::*;
use crate::behaviour::data::Row;

fn names() -> Names {
    let mut names = Names::default();
    names.slots.insert("id".to_owned(), 0);
    names.data.insert("order".to_owned(), 0);
    names.constants.insert("base".to_owned(), json!({ "path": "/api", "n": 3 }));
    names.environment.insert("TOKEN".to_owned(), "s3".to_owned());
    names
}

fn render(template: &Template) -> Result<String, Missing> {
    let globals = super::super::Globals::default();
    let row = Arc::new(Row {
        text: r#"{"total":5}"#.to_owned(),
        ..Row::valid(json!({ "total": 5, "items": ["a\"b"] }))
    });
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    template.render(&mut Scope {
        slots: &[Some(json!("x/y"))],
        globals: &globals,
        rows: &mut |_| Some(Picked { row: row.clone(), number: 0 }),
        iteration: 7,
        user: 2,
        random: &mut random,
        wall_ns: 1_700_000_000_123_000_000,
        spare: &mut None,
    })
}

#[test]
fn holes_are_filled() {
    let table = [
        ("${base.path}/orders/${id}?n=${iteration}", Form::Plain, "/api/orders/x/y?n=7"),
        ("q=${id}", Form::Query, "q=x%2Fy"),
        ("${order.items.0} ${order.total}", Form::Plain, "a\"b 5"),
        ("Bearer ${env.TOKEN} $${no}", Form::Plain, "Bearer s3 ${no}"),
        ("${now()} ${unix_ms()}", Form::Plain, "2023-11-14T22:13:20.123Z 1700000000123"),
    ];
    for (text, form, expected) in table {
        let template = Template::parse(text, form, &names()).unwrap();
        assert_eq!(render(&template).unwrap(), expected);
    }
}

#[test]
fn json_keeps_types() {
    let value = json!({ "order": "${order}", "note": "say ${order.items.0}", "n": "${base.n}", "list": [1, "${user}"] });
    let text = render(&Template::json(&value, &names()).unwrap()).unwrap();
    let back: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(back, json!({ "order": { "total": 5 }, "note": "say a\"b", "n": 3, "list": [1, 2] }));
}

#[test]
fn constants_leave_no_hole() {
    assert_eq!(Template::parse("${base.path}/x", Form::Plain, &names()).unwrap().as_fixed(), Some("/api/x"));
    assert_eq!(Template::parse("${id}", Form::Plain, &names()).unwrap().as_fixed(), None);
}

#[test]
fn mistakes_are_placed() {
    let error = Template::parse("/a/${ordr.id}", Form::Plain, &names()).unwrap_err();
    assert_eq!(error.span, 3..13);
    assert!(error.hint.contains("did you mean `order`?"), "{}", error.hint);
    for text in ["${id", "${int(1)}", "${int(5, 1)}", "${env.NOPE}", "${frobnicate()}"] {
        assert!(Template::parse(text, Form::Plain, &names()).is_err(), "{text}");
    }
}

#[test]
fn functions_stay_within_their_bounds() {
    let template =
        Template::parse("${int(3, 5)},${uuid()},${text(4)},${choice(a, b)}", Form::Plain, &names()).unwrap();
    let text = render(&template).unwrap();
    let parts: Vec<_> = text.split(',').collect();
    assert!((3..=5).contains(&parts[0].parse::<i64>().unwrap()));
    assert_eq!((parts[1].len(), &parts[1][14..15]), (36, "4"));
    assert_eq!(parts[2].len(), 4);
    assert!(["a", "b"].contains(&parts[3]));
}
