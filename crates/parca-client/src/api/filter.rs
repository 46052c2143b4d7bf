use parca_proto::query as wire;

/// Leaves out stacks, or frames of stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Keeps the stacks that fit. A function name, if there is one, is the only criterion that Parca looks at.
    Stack(FrameCriteria),
    /// Keeps the frames that fit; what other frames cost goes to their callers.
    Frame(FrameCriteria),
}

/// What must hold of a frame; of a stack, if one of its frames fits the positive conditions and all
/// fit the negative ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameCriteria {
    /// The function's name as shown.
    pub function_name: Option<StringCondition>,
    /// The function's name as the linker knows it.
    pub system_name: Option<StringCondition>,
    /// The last part of the binary's path.
    pub binary: Option<StringCondition>,
    /// The source file.
    pub filename: Option<StringCondition>,
    /// The address; zero for frames that have names.
    pub address: Option<NumberCondition>,
    /// The line in the source file.
    pub line_number: Option<NumberCondition>,
}

/// A condition on a text. Case of ASCII letters makes no difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringCondition {
    /// The text is this.
    Equal(String),
    /// The text is not this.
    NotEqual(String),
    /// The text has this in it.
    Contains(String),
    /// The text does not have this in it.
    NotContains(String),
    /// The text begins with this.
    StartsWith(String),
    /// The text does not begin with this.
    NotStartsWith(String),
}

/// A condition on a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberCondition {
    /// The number is this.
    Equal(u64),
    /// The number is not this.
    NotEqual(u64),
}

impl FrameCriteria {
    /// Functions by name.
    pub fn function(condition: StringCondition) -> Self {
        Self { function_name: Some(condition), ..Self::default() }
    }
}

pub(super) fn to_wire(filter: &Filter) -> wire::Filter {
    use wire::filter::Filter as Kind;
    let kind = match filter {
        Filter::Stack(of) => {
            let filter = Some(wire::stack_filter::Filter::Criteria(criteria(of)));
            Kind::StackFilter(wire::StackFilter { filter })
        }
        Filter::Frame(of) => {
            let filter = Some(wire::frame_filter::Filter::Criteria(criteria(of)));
            Kind::FrameFilter(wire::FrameFilter { filter })
        }
    };
    wire::Filter { filter: Some(kind) }
}

fn criteria(of: &FrameCriteria) -> wire::FilterCriteria {
    let FrameCriteria { function_name, system_name, binary, filename, address, line_number } = of;
    wire::FilterCriteria {
        function_name: function_name.as_ref().map(string),
        system_name: system_name.as_ref().map(string),
        binary: binary.as_ref().map(string),
        filename: filename.as_ref().map(string),
        address: address.as_ref().map(number),
        line_number: line_number.as_ref().map(number),
    }
}

fn string(condition: &StringCondition) -> wire::StringCondition {
    use wire::string_condition::Condition;
    let condition = match condition.clone() {
        StringCondition::Equal(text) => Condition::Equal(text),
        StringCondition::NotEqual(text) => Condition::NotEqual(text),
        StringCondition::Contains(text) => Condition::Contains(text),
        StringCondition::NotContains(text) => Condition::NotContains(text),
        StringCondition::StartsWith(text) => Condition::StartsWith(text),
        StringCondition::NotStartsWith(text) => Condition::NotStartsWith(text),
    };
    wire::StringCondition { condition: Some(condition) }
}

fn number(condition: &NumberCondition) -> wire::NumberCondition {
    use wire::number_condition::Condition;
    let condition = match *condition {
        NumberCondition::Equal(number) => Condition::Equal(number),
        NumberCondition::NotEqual(number) => Condition::NotEqual(number),
    };
    wire::NumberCondition { condition: Some(condition) }
}
