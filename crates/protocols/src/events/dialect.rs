//! What answers of language models say in their events.

use plimsoll_model::stream::Dialect;
use serde_json::Value;

use super::sse::Event;

/// What one event says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// What the answer goes on with: text, reasoning, arguments of a tool; empty if with nothing (a role, a ping, usage).
    pub(super) content: String,
    /// Whether that is part of the answer's text, and not of reasoning or of a tool's arguments.
    pub(super) is_text: bool,
    /// Why it ends here.
    pub(super) finish: Option<String>,
    /// The end of the stream is marked.
    pub(super) is_end: bool,
    /// Tokens that went in, by the server's own count.
    pub(super) tokens_in: Option<u64>,
    /// Tokens that came out, by the server's own count.
    pub(super) tokens_out: Option<u64>,
    /// What went wrong, in the server's words.
    pub(super) error: Option<String>,
}

/// Reads an event; an error if it is not what the dialect writes.
pub(super) fn said(dialect: Dialect, event: &Event) -> Result<Said, String> {
    if matches!(dialect, Dialect::Events | Dialect::Answer(_)) {
        return Ok(Said { content: event.data.clone(), is_text: true, ..Said::default() });
    }
    if dialect == Dialect::OpenAi && event.data.trim() == "[DONE]" {
        return Ok(Said { is_end: true, ..Said::default() });
    }
    let value: Value = serde_json::from_str(&event.data).map_err(|e| {
        let start: String = event.data.chars().take(80).collect();
        format!("an event is no JSON ({e}): {start:?}")
    })?;
    Ok(if dialect == Dialect::OpenAi { openai(&value) } else { anthropic(&value) })
}

/// Chat completions, as `OpenAI` and those who copy it stream them: `choices[0].delta`.
fn openai(chunk: &Value) -> Said {
    let choice = &chunk["choices"][0];
    let delta = &choice["delta"];
    let text = delta["content"].as_str().unwrap_or_default();
    let reasoning = ["reasoning_content", "reasoning"].into_iter().find_map(|key| delta[key].as_str());
    let calls = delta["tool_calls"].as_array().into_iter().flatten();
    let arguments: String = calls.filter_map(|call| call["function"]["arguments"].as_str()).collect();
    let content = [text, reasoning.unwrap_or_default(), &arguments].concat();
    Said {
        is_text: !text.is_empty(),
        content,
        finish: choice["finish_reason"].as_str().map(str::to_owned),
        is_end: false,
        tokens_in: chunk["usage"]["prompt_tokens"].as_u64(),
        tokens_out: chunk["usage"]["completion_tokens"].as_u64(),
        error: error(chunk),
    }
}

/// Messages, as Anthropic streams them: events of several types.
fn anthropic(event: &Value) -> Said {
    let delta = &event["delta"];
    let mut said = Said::default();
    match event["type"].as_str().unwrap_or_default() {
        "message_start" => said.tokens_in = event["message"]["usage"]["input_tokens"].as_u64(),
        "content_block_delta" => {
            let kinds = ["text", "thinking", "partial_json"];
            let found = kinds.into_iter().find_map(|kind| Some((kind, delta[kind].as_str()?)));
            if let Some((kind, content)) = found {
                content.clone_into(&mut said.content);
                said.is_text = kind == "text";
            }
        }
        "message_delta" => {
            said.finish = delta["stop_reason"].as_str().map(str::to_owned);
            said.tokens_out = event["usage"]["output_tokens"].as_u64();
        }
        "message_stop" => said.is_end = true,
        "error" => said.error = error(event),
        // Beginnings and ends of blocks, and pings.
        _ => {}
    }
    said
}

fn error(value: &Value) -> Option<String> {
    let error = value.get("error").filter(|error| !error.is_null())?;
    Some(error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(dialect: Dialect, data: &Value) -> Said {
        said(dialect, &Event { kind: String::new(), data: data.to_string() }).unwrap()
    }

    #[test]
    fn chunks_of_chat_completions_are_understood() {
        let chunk =
            |delta: Value| of(Dialect::OpenAi, &json!({ "choices": [{ "index": 0, "delta": delta }] }));
        // The role alone is no token.
        assert_eq!(chunk(json!({ "role": "assistant", "content": "" })).content, "");
        let text = chunk(json!({ "content": " the" }));
        assert_eq!((text.content.as_str(), text.is_text), (" the", true));
        let thought = chunk(json!({ "reasoning_content": "hm" }));
        assert_eq!((thought.content.as_str(), thought.is_text), ("hm", false));
        let call = chunk(json!({ "tool_calls": [{ "function": { "arguments": "{\"a\"" } }] }));
        assert_eq!(call.content, "{\"a\"");
        let last = of(Dialect::OpenAi, &json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }));
        assert_eq!(last.finish.as_deref(), Some("stop"));
        let usage = json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 9 } });
        let usage = of(Dialect::OpenAi, &usage);
        assert_eq!((usage.tokens_in, usage.tokens_out, usage.content.as_str()), (Some(7), Some(9), ""));
        let end = Event { kind: String::new(), data: "[DONE]".to_owned() };
        assert!(said(Dialect::OpenAi, &end).unwrap().is_end);
        let failed = of(Dialect::OpenAi, &json!({ "error": { "message": "overloaded" } }));
        assert_eq!(failed.error.as_deref(), Some("overloaded"));
        assert!(said(Dialect::OpenAi, &Event { kind: String::new(), data: "hello".to_owned() }).is_err());
    }

    #[test]
    fn events_of_messages_are_understood() {
        let event = |value: Value| of(Dialect::Anthropic, &value);
        let start = event(json!({ "type": "message_start", "message": { "usage": { "input_tokens": 25 } } }));
        assert_eq!((start.tokens_in, start.content.as_str()), (Some(25), ""));
        assert_eq!(event(json!({ "type": "ping" })), Said::default());
        let text = json!({ "type": "content_block_delta", "delta": { "type": "text_delta", "text": "Hi" } });
        assert_eq!((event(text.clone()).content.as_str(), event(text).is_text), ("Hi", true));
        let thought =
            json!({ "type": "content_block_delta", "delta": { "type": "thinking_delta", "thinking": "a" } });
        assert!(!event(thought).is_text);
        let delta = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 15 } });
        let delta = event(delta);
        assert_eq!((delta.finish.as_deref(), delta.tokens_out), (Some("end_turn"), Some(15)));
        assert!(event(json!({ "type": "message_stop" })).is_end);
        let failed =
            json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
        assert_eq!(event(failed).error.as_deref(), Some("Overloaded"));
    }
}
