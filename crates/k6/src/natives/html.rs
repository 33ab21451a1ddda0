//! Pages as the `html` library walks them: nodes are numbers in document order.

use std::collections::HashMap;

use dom_query::{Document, Matcher, NodeId, NodeRef};
use rquickjs::function::Func;
use rquickjs::{Array, Class, Ctx, IntoJs, Object, Result, Value};

use super::class::{Held, Native, held};

/// Elements without an end tag (HTML standard, 13.1.2).
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "keygen", "link", "meta", "param", "source",
    "track",
];

/// Elements whose text is written as it is.
const RAW: [&str; 8] = ["iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "xmp"];

/// A parsed page.
struct Page {
    document: Document,
    /// By number, in document order; 0 is the document itself.
    ids: Vec<NodeId>,
    numbers: HashMap<NodeId, u32>,
}

impl Native for Page {
    const NAME: &'static str = "Page";

    fn describe(_prototype: &Object<'_>) -> Result<()> {
        Ok(())
    }
}

impl Page {
    fn parse(text: &str) -> Self {
        let document = Document::from(text);
        let root = document.root();
        let ids: Vec<NodeId> =
            std::iter::once(root.id).chain(root.descendants_it().map(|node| node.id)).collect();
        let numbers = ids.iter().copied().zip(0..).collect();
        Self { document, ids, numbers }
    }

    fn node(&self, number: u32) -> NodeRef<'_> {
        NodeRef::new(self.ids[number as usize], &self.document.tree)
    }

    fn number(&self, node: &NodeRef<'_>) -> u32 {
        self.numbers.get(&node.id).copied().unwrap_or(0)
    }

    /// Nodes within another that match; `None` if the selector is none.
    fn select(&self, root: u32, css: &str) -> Option<Vec<u32>> {
        let matcher = Matcher::new(css).ok()?;
        let root = self.node(root);
        let all = root.descendants_it().filter(|node| node.is_element() && node.is_match(&matcher));
        Some(all.map(|node| self.number(&node)).collect())
    }

    /// Those of `numbers` that match.
    fn matching(&self, numbers: &[u32], css: &str) -> Option<Vec<u32>> {
        let matcher = Matcher::new(css).ok()?;
        let holds = |number: &&u32| {
            let node = self.node(**number);
            node.is_element() && node.is_match(&matcher)
        };
        Some(numbers.iter().filter(holds).copied().collect())
    }
}

pub(super) fn install<'js>(own: &Object<'js>) -> Result<()> {
    type Handle<'js> = Class<'js, Held<Page>>;
    own.set("htmlParse", Func::from(|ctx: Ctx<'js>, text: String| held(&ctx, Page::parse(&text))))?;
    own.set(
        "htmlNode",
        Func::from(|ctx: Ctx<'js>, page: Handle<'js>, number: u32| {
            let page = &page.borrow().0;
            described(&ctx, page, &page.node(number))
        }),
    )?;
    own.set(
        "htmlText",
        Func::from(|page: Handle<'js>, number: u32| page.borrow().0.node(number).text().to_string()),
    )?;
    own.set(
        "htmlRender",
        Func::from(|page: Handle<'js>, number: u32, outer: bool| {
            let (page, mut text) = (page.borrow(), String::new());
            let node = page.0.node(number);
            if outer {
                render(&node, &mut text);
            } else {
                node.children_it(false).for_each(|child| render(&child, &mut text));
            }
            text
        }),
    )?;
    own.set(
        "htmlSelect",
        Func::from(|page: Handle<'js>, root: u32, css: String| page.borrow().0.select(root, &css)),
    )?;
    own.set(
        "htmlMatching",
        Func::from(|page: Handle<'js>, numbers: Vec<u32>, css: String| {
            page.borrow().0.matching(&numbers, &css)
        }),
    )
}

/// Type, name, value, parent, children and attributes of a node.
fn described<'js>(ctx: &Ctx<'js>, page: &Page, node: &NodeRef<'_>) -> Result<Array<'js>> {
    let (kind, name, value) = if node.is_element() {
        (1, node.node_name().unwrap_or_default().to_string(), String::new())
    } else if node.is_text() {
        (3, String::new(), node.text().to_string())
    } else if node.is_comment() {
        (8, String::new(), String::new())
    } else if node.is_doctype() {
        (10, "html".to_owned(), String::new())
    } else {
        (9, String::new(), String::new())
    };
    let parent = node.parent().map_or(-1.0, |parent| f64::from(page.number(&parent)));
    let children: Vec<u32> = node.children_it(false).map(|child| page.number(&child)).collect();
    let attributes: Vec<Vec<String>> =
        node.attrs().iter().map(|a| vec![a.name.local.to_string(), a.value.to_string()]).collect();
    let all = Array::new(ctx.clone())?;
    let values: [Value<'js>; 6] = [
        kind.into_js(ctx)?,
        name.into_js(ctx)?,
        value.into_js(ctx)?,
        parent.into_js(ctx)?,
        children.into_js(ctx)?,
        attributes.into_js(ctx)?,
    ];
    for (at, value) in values.into_iter().enumerate() {
        all.set(at, value)?;
    }
    Ok(all)
}

/// Writes a node as Go's `html.Render` does, which is what scripts for k6 compare with.
fn render(node: &NodeRef<'_>, text: &mut String) {
    if node.is_text() {
        let is_raw =
            node.parent().and_then(|p| p.node_name()).is_some_and(|name| RAW.contains(&name.as_ref()));
        if is_raw {
            text.push_str(&node.text());
        } else {
            escape(&node.text(), text);
        }
        return;
    }
    if node.is_doctype() {
        text.push_str("<!DOCTYPE html>");
        return;
    }
    if node.is_comment() {
        text.push_str(&node.html());
        return;
    }
    let Some(name) = node.node_name().filter(|_| node.is_element()) else {
        node.children_it(false).for_each(|child| render(&child, text));
        return;
    };
    text.push('<');
    text.push_str(&name);
    for attribute in node.attrs() {
        text.push(' ');
        text.push_str(&attribute.name.local);
        text.push_str("=\"");
        escape(&attribute.value, text);
        text.push('"');
    }
    if VOID.contains(&name.as_ref()) {
        text.push_str("/>");
        return;
    }
    text.push('>');
    node.children_it(false).for_each(|child| render(&child, text));
    text.push_str("</");
    text.push_str(&name);
    text.push('>');
}

fn escape(from: &str, to: &mut String) {
    for c in from.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&#34;"),
            '\'' => to.push_str("&#39;"),
            '\r' => to.push_str("&#13;"),
            other => to.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_and_written_as_go_writes_it() {
        let page = Page::parse("<p class=a>x &amp; \"y\"<br><!--n--><script>1<2</script><p>z");
        let paragraphs = page.select(0, "p").unwrap();
        assert_eq!(paragraphs.len(), 2);
        assert_eq!(page.matching(&paragraphs, ".a").unwrap(), paragraphs[..1]);
        assert!(page.select(0, "p[").is_none());
        let mut text = String::new();
        render(&page.node(paragraphs[0]), &mut text);
        assert_eq!(text, "<p class=\"a\">x &amp; &#34;y&#34;<br/><!--n--><script>1<2</script></p>");
    }
}
