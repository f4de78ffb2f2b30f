//! What screen readers are told: the model as a tree of nodes out, the actions that they ask for as messages
//! in. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use accesskit::{
    Action, ActionData, ActionRequest, Live, Node, NodeId, Rect, Role, TextPosition, TextSelection,
    TreeId, TreeInfo, TreeUpdate,
};
use wire::message::Rule;
use wire::{Channel, Volume};

use crate::model::{LinkState, Message, Model, SliderMessage, Suggestion, Target, TextField};
use crate::view::{Badge, Frame, Role as AreaRole, suggested_pattern, title};

/// A slider's step, in volume.
const STEP: f64 = 0.05;

/// Returns the window as it is laid out. The frame's logical pixels are `scale` of the display's.
pub fn tree(model: &Model, frame: &Frame, scale: f32) -> TreeUpdate {
    let mut tree = Tree {
        frame,
        scale: scale.into(),
        nodes: Vec::new(),
    };
    let mut children = vec![tree.slider(model)];
    if let Some(field) = &model.value {
        children.push(tree.text(Target::Value, "Volume", field));
    }
    if model.daemon.is_up() {
        for (channel, label) in [(Channel::Default, "Default"), (Channel::Aux, "Aux")] {
            let programs = model.daemon.programs(channel).into_iter();
            let rows = programs.map(|program| {
                let target = Target::Stream(program.first.id);
                let mut node = tree.node(target, Role::ListItem, &program.first.name);
                if let Some(badge) = Badge::of(program.shown().state) {
                    node.set_description(badge.word());
                }
                node.add_action(Action::Click);
                tree.add(id(target), node)
            });
            let rows = rows.collect();
            children.push(tree.list(label, rows));
        }
        children.push(tree.text(Target::Entry, "New pattern", &model.entry.field));
        let suggestions = model.suggestions();
        if !suggestions.is_empty() {
            let rows = suggestions.into_iter().map(|suggestion| {
                let target = Target::Suggestion(suggestion);
                let label = match suggestion {
                    Suggestion::Stream(id) => {
                        let stream = model.daemon.stream(id);
                        stream.map_or(String::new(), |stream| stream.name.to_string())
                    }
                    Suggestion::Pattern => suggested_pattern(&model.entry),
                };
                let node = tree.button(target, Role::ListItem, &label);
                tree.add(id(target), node)
            });
            let rows = rows.collect();
            children.push(tree.list("Suggestions", rows));
        }
        let rows = model
            .daemon
            .rules
            .iter()
            .map(|rule| tree.pattern(model, rule));
        let rows = rows.collect();
        children.push(tree.list("Patterns", rows));
    }
    children.extend(tree.foot(model));
    let mut root = Node::new(Role::Window);
    root.set_label(title(model));
    root.set_children(children);
    let root_id = NodeId(0);
    tree.nodes.push((root_id, root));
    let focus = id(model.focus.target);
    let has_focus = tree.nodes.iter().any(|(id, _)| *id == focus);
    TreeUpdate {
        nodes: tree.nodes,
        tree: Some(TreeInfo::new(root_id)),
        tree_id: TreeId::ROOT,
        focus: if has_focus { focus } else { root_id },
    }
}

/// Returns what an action does; nothing if it is of what has gone.
pub fn messages(request: &ActionRequest, model: &Model) -> Vec<Message> {
    let mut targets = model.focus_order();
    targets.extend(model.suggestions().into_iter().map(Target::Suggestion));
    for pattern in model.daemon.rules.iter().map(Rule::pattern) {
        targets.extend([Target::Pattern(*pattern), Target::Delete(*pattern)]);
    }
    targets.push(Target::Command);
    let target = targets
        .into_iter()
        .find(|target| id(*target) == request.target_node);
    let Some(target) = target else {
        return Vec::new();
    };
    match (request.action, target, &request.data) {
        (Action::Click, Target::Stream(id), _) => click(Target::Send(id)),
        (Action::Click, Target::Pattern(it), _) => click(Target::StartEdit(it)),
        (Action::Click, _, _)
        | (
            Action::Focus,
            Target::Slider | Target::Stream(_) | Target::Pattern(_) | Target::Entry | Target::Edit,
            _,
        ) => click(target),
        (Action::Increment, Target::Slider, _) => step(1.0),
        (Action::Decrement, Target::Slider, _) => step(-1.0),
        (Action::SetValue, Target::Slider, Some(ActionData::NumericValue(value))) => {
            let volume = volume(*value);
            let set = volume.map(|volume| Message::Slider(SliderMessage::Set(volume)));
            set.into_iter().collect()
        }
        (
            Action::SetValue,
            Target::Entry | Target::Edit | Target::Value,
            Some(ActionData::Value(text)),
        ) => vec![
            Message::Click(target),
            Message::SelectAll,
            Message::Text(text.to_string()),
        ],
        _ => Vec::new(),
    }
}

/// What a click of a pointer is: a press keeps what is being changed elsewhere.
fn click(target: Target) -> Vec<Message> {
    vec![Message::Press(Some(target)), Message::Click(target)]
}

fn step(steps: f64) -> Vec<Message> {
    #[allow(clippy::cast_possible_truncation)]
    let hundredths = (steps * STEP * 100.0).round() as i32;
    vec![Message::Slider(SliderMessage::Step(hundredths))]
}

fn volume(value: f64) -> Option<Volume> {
    #[allow(clippy::cast_possible_truncation)]
    let millionths = (value.clamp(-1.0, 1.0) * 1e6).round() as i32;
    Volume::try_from(millionths).ok()
}

/// Returns the node of a target: the same for as long as that is there.
fn id(target: Target) -> NodeId {
    hashed(&format!("{target:?}"))
}

fn hashed(name: &str) -> NodeId {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    NodeId(hasher.finish())
}

struct Tree<'a> {
    frame: &'a Frame,
    scale: f64,
    nodes: Vec<(NodeId, Node)>,
}

impl Tree<'_> {
    fn add(&mut self, id: NodeId, node: Node) -> NodeId {
        self.nodes.push((id, node));
        id
    }

    /// A node that can have the focus, where its target is drawn.
    fn node(&self, target: Target, role: Role, label: &str) -> Node {
        let mut node = Node::new(role);
        node.set_label(label);
        node.add_action(Action::Focus);
        let mut areas = self.frame.areas.iter();
        let area = areas.find(|area| match &area.role {
            AreaRole::Target(it) | AreaRole::Text(it, _) => *it == target,
            _ => false,
        });
        if let Some(rect) = area.map(|area| area.rect) {
            let scaled = |place: f32| f64::from(place) * self.scale;
            node.set_bounds(Rect {
                x0: scaled(rect.x),
                y0: scaled(rect.y),
                x1: scaled(rect.right()),
                y1: scaled(rect.bottom()),
            });
        }
        node
    }

    /// A node that acts when it is clicked.
    fn button(&self, target: Target, role: Role, label: &str) -> Node {
        let mut node = self.node(target, role, label);
        node.remove_action(Action::Focus);
        node.add_action(Action::Click);
        node
    }

    fn slider(&mut self, model: &Model) -> NodeId {
        let mut node = self.node(Target::Slider, Role::Slider, "Volume, from Default to Aux");
        node.set_numeric_value(f64::from(model.volume().millionths()) / 1e6);
        node.set_min_numeric_value(-1.0);
        node.set_max_numeric_value(1.0);
        node.set_numeric_value_step(STEP);
        node.set_numeric_value_jump(4.0 * STEP);
        for action in [Action::Increment, Action::Decrement, Action::SetValue] {
            node.add_action(action);
        }
        self.add(id(Target::Slider), node)
    }

    fn list(&mut self, label: &str, rows: Vec<NodeId>) -> NodeId {
        let mut node = Node::new(Role::List);
        node.set_label(label);
        node.set_children(rows);
        self.add(hashed(label), node)
    }

    fn text(&mut self, target: Target, label: &str, field: &TextField) -> NodeId {
        let text = field.text();
        let run = hashed(&format!("the text of {target:?}"));
        let mut node = Node::new(Role::TextRun);
        node.set_value(text);
        // A character of UTF-8 has four bytes at most.
        #[allow(clippy::cast_possible_truncation)]
        let lengths: Vec<u8> = text.chars().map(|c| c.len_utf8() as u8).collect();
        node.set_character_lengths(lengths);
        self.add(run, node);
        let mut node = self.node(target, Role::TextInput, label);
        node.add_action(Action::SetValue);
        node.set_children(vec![run]);
        let place = |at: usize| TextPosition {
            node: run,
            character_index: text[..at].chars().count(),
        };
        let (selection, caret) = (field.selection(), field.caret() - field.preedit().len());
        let anchor = selection.start + selection.end - caret;
        node.set_text_selection(TextSelection {
            anchor: place(anchor),
            focus: place(caret),
        });
        self.add(id(target), node)
    }

    /// The row of a pattern: its text, or, while it is changed, a field; and what takes it off the list.
    fn pattern(&mut self, model: &Model, rule: &Rule) -> NodeId {
        let pattern = *rule.pattern();
        if let Some(edit) = model.edit.as_ref().filter(|edit| edit.pattern == pattern) {
            return self.text(Target::Edit, &pattern, &edit.field);
        }
        let label = format!("Remove {}", &*pattern);
        let remove = self.button(Target::Delete(pattern), Role::Button, &label);
        let remove = self.add(id(Target::Delete(pattern)), remove);
        let mut node = self.node(Target::Pattern(pattern), Role::ListItem, &pattern);
        node.add_action(Action::Click);
        if let Rule::Ignore(_) = rule {
            node.set_description("ignored");
        }
        node.set_children(vec![remove]);
        self.add(id(Target::Pattern(pattern)), node)
    }

    /// What is wrong, the status line, and the buttons beside it.
    fn foot(&mut self, model: &Model) -> Vec<NodeId> {
        let mut ids = Vec::new();
        let mut texts = Vec::new();
        if let LinkState::Down(error) = &model.daemon.link {
            texts.push(format!("{}: {}", error.title, error.reason));
            if let Some(command) = &error.command {
                let label = format!("Copy {command}");
                let node = self.button(Target::Command, Role::Button, &label);
                ids.push(self.add(id(Target::Command), node));
            }
        }
        let status = model.status();
        texts.extend(model.alarm());
        texts.extend((!status.text.is_empty()).then_some(status.text));
        let mut node = self.node(Target::StatusLine, Role::Status, &texts.join(". "));
        node.set_live(Live::Polite);
        ids.push(self.add(id(Target::StatusLine), node));
        if status.can_undo && model.daemon.is_up() {
            let node = self.button(Target::Undo, Role::Button, "Undo");
            ids.push(self.add(id(Target::Undo), node));
        }
        if status.can_redo && model.daemon.is_up() {
            let node = self.button(Target::Redo, Role::Button, "Redo");
            ids.push(self.add(id(Target::Redo), node));
        }
        let node = self.button(Target::Help, Role::Button, "Keys");
        ids.push(self.add(id(Target::Help), node));
        ids
    }
}

#[cfg(test)]
mod tests {
    use wire::Welcome;

    use super::*;
    use crate::fake_daemon::FakeDaemon;

    fn model() -> Model {
        let mut daemon = FakeDaemon::new(&["Game", "Discord"], &["disc*"]);
        let mut model = Model::default();
        let mut effects = model.update(Message::Connected(Welcome::new("mixd")));
        while !effects.is_empty() {
            for effect in effects.drain(..) {
                if let crate::model::Effect::Send(request) = effect {
                    daemon.inbox.push_back(request);
                }
            }
            while !daemon.inbox.is_empty() {
                for message in daemon.answer() {
                    effects.extend(model.update(message));
                }
            }
        }
        model
    }

    fn found<'a>(update: &'a TreeUpdate, role: Role, label: &str) -> (NodeId, &'a Node) {
        let mut nodes = update.nodes.iter();
        let node = nodes.find(|(_, node)| node.role() == role && node.label() == Some(label));
        let (id, node) = node.unwrap_or_else(|| panic!("no {role:?} {label}: {update:?}"));
        (*id, node)
    }

    fn asked(target_node: NodeId, action: Action, data: Option<ActionData>) -> ActionRequest {
        ActionRequest {
            action,
            target_tree: TreeId::ROOT,
            target_node,
            data,
        }
    }

    #[test]
    fn the_slider_has_a_value_and_a_step_and_is_set() {
        let mut model = model();
        let update = tree(&model, &Frame::default(), 1.0);
        let (id, slider) = found(&update, Role::Slider, "Volume, from Default to Aux");
        assert_eq!(slider.numeric_value(), Some(0.0));
        assert_eq!(slider.numeric_value_step(), Some(0.05));
        for (action, data, expected) in [
            (Action::Increment, None, "0.05"),
            (Action::Decrement, None, "0"),
            (Action::SetValue, Some(ActionData::NumericValue(0.5)), "0.5"),
            (Action::SetValue, Some(ActionData::NumericValue(9.0)), "1"),
            (
                Action::SetValue,
                Some(ActionData::NumericValue(f64::NAN)),
                "0",
            ),
        ] {
            for message in messages(&asked(id, action, data), &model) {
                model.update(message);
            }
            assert_eq!(model.volume().to_string(), expected, "{action:?}");
        }
    }

    #[test]
    fn rows_fields_and_buttons_do_what_they_say() {
        let mut model = model();
        let update = tree(&model, &Frame::default(), 1.0);
        let (game, _) = found(&update, Role::ListItem, "Game");
        let sent = messages(&asked(game, Action::Click, None), &model);
        assert!(
            matches!(sent[..], [_, Message::Click(Target::Send(1))]),
            "{sent:?}"
        );
        let (remove, _) = found(&update, Role::Button, "Remove disc*");
        let sent = messages(&asked(remove, Action::Click, None), &model);
        assert!(
            matches!(sent[..], [_, Message::Click(Target::Delete(_))]),
            "{sent:?}"
        );
        let (entry, _) = found(&update, Role::TextInput, "New pattern");
        let text = Some(ActionData::Value("é*".into()));
        for message in messages(&asked(entry, Action::SetValue, text), &model) {
            model.update(message);
        }
        assert_eq!(model.entry.field.text(), "é*");
        let update = tree(&model, &Frame::default(), 1.0);
        let (id, node) = found(&update, Role::TextInput, "New pattern");
        assert_eq!(update.focus, id);
        assert_eq!(node.text_selection().unwrap().focus.character_index, 2);
        found(&update, Role::ListItem, "Add pattern \"é*\"");
        let gone = asked(NodeId(77), Action::Click, None);
        assert!(messages(&gone, &model).is_empty());
        // Each node is there once, and below one parent.
        let mut ids: Vec<u64> = update.nodes.iter().map(|(id, _)| id.0).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
