//! Completions for bash, zsh and fish, made from the tables that `--help` is made from.

use std::fmt::Write;

use usage::mixctl::SIDES;
use usage::{Completes, Opt, Usage, Verb};

/// What prints the names of the programs that play, a line each.
const PROGRAMS: &str = "mixctl streams 2>/dev/null | cut -f3 | sort -u";
/// The same as patterns: what has a meaning in one stands after a backslash.
const NAMES: &str = r"mixctl streams 2>/dev/null | cut -f3 | sed 's/[[*?=\]/\\&/g' | sort -u";
/// What prints the patterns on the list, a line each.
const PATTERNS: &str = "mixctl list-programs 2>/dev/null | cut -f1";
/// What prints what `output` takes: a word a line, then the names of the sinks as globs.
const SINKS: &str = r"echo auto; echo default; echo aux; mixctl outputs 2>/dev/null | cut -f1 | sed 's/[[*?\]/\\&/g'";
/// What puts a backslash, which mixctl takes, before a ~ at the start of a line, which fish leaves there
/// to become a home folder; and before a - where no '--' stands before it, because fish can't put one
/// there.
const FISH_START: &str =
    r"sed (contains -- -- (commandline -opc); and echo 's/^~/\\\\&/'; or echo 's/^[-~]/\\\\&/')";

/// The function of bash that offers lines of text, which may hold anything.
const BASH_LINES: &str = r#"# Offers lines of text that begin with the word under the cursor, as it was meant: bash hands it
# over with its quotes and backslashes, and cut at the ':' and '=' of COMP_WORDBREAKS.
NAME_lines() {
    local line text word=${COMP_LINE:0:COMP_POINT} quote= cut
    local pattern="(([^[:space:]\\\\\"']|\\\\.|\"[^\"]*\"?|'[^']*'?)*)\$"
    [[ $word =~ $pattern ]] && word=${BASH_REMATCH[1]}
    # What bash keeps in its place: all before the last cut.
    cut=${word%"${word##*[:=]}"}
    case $word in
    \"* | \'*) quote=${word:0:1} word=${word:1} cut= ;;
    *) word=${word//\\/$'\1'} word=${word//$'\1\1'/\\} word=${word//$'\1'/} ;;
    esac
    while IFS= read -r line; do
        if [[ $line == "$word"* ]]; then
            if [[ $quote ]]; then text=$line; else printf -v text %q "$line"; fi
            text=${text#"$cut"}
            # No option, but a name that looks like one.
            if [[ $line == -* && ! $ended && ! $quote ]]; then text="-- $text"; fi
            COMPREPLY+=("$text")
        fi
    done
}

"#;

/// For bash, as a file of bash-completion's name: the program's.
pub fn bash(usage: &Usage) -> String {
    let program = usage.program;
    let name = format!("_{program}");
    let mut text = format!(
        "# bash completion for {program}; made from the table that --help is made from.\n\n\
         {}\
         {name}() {{\n\
         \x20   local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n\
         \x20   local verb= ended= word at count=0\n\
         \x20   COMPREPLY=()\n",
        BASH_LINES.replace("NAME", &name)
    );
    // The value of an option goes before everything.
    text.push_str("    case $prev in\n");
    let verbs = usage.verbs.iter().flat_map(|verb| verb.options);
    let mut seen = Vec::new();
    for option in usage.options.iter().chain(verbs) {
        if option.value.is_some() && !seen.contains(&option.long) {
            seen.push(option.long);
            let _ = writeln!(
                text,
                "    --{}) {}; return ;;",
                option.long,
                bash_words(&name, option.completes)
            );
        }
    }
    text.push_str("    esac\n");
    let options = longs(usage.options);
    if usage.verbs.is_empty() {
        let _ = writeln!(
            text,
            "    COMPREPLY=($(compgen -W '{options}' -- \"$cur\"))\n}}\n\ncomplete -F {name} {program}"
        );
        return text;
    }
    let names: Vec<&str> = usage.verbs.iter().map(|verb| verb.name).collect();
    let names = names.join(" ");
    let valued = seen.iter().map(|long| format!("--{long}"));
    let valued = valued.collect::<Vec<_>>().join("|");
    let _ = write!(
        text,
        "    for ((at = 1; at < COMP_CWORD; at++)); do\n\
         \x20       word=${{COMP_WORDS[at]}}\n\
         \x20       case $word in\n\
         \x20       {valued}) ((at++)) ;;\n\
         \x20       --) ended=yes ;;\n\
         \x20       -*) ;;\n\
         \x20       *) [[ $verb ]] && ((count++)); verb=${{verb:-$word}} ;;\n\
         \x20       esac\n\
         \x20   done\n\
         \x20   if [[ -z $verb ]]; then\n\
         \x20       COMPREPLY=($(compgen -W '{names} {options}' -- \"$cur\"))\n\
         \x20       return\n\
         \x20   fi\n\
         \x20   case $verb in\n"
    );
    for verb in usage.verbs {
        let options = [longs(verb.options), options.clone()].join(" ");
        let words = match second(verb) {
            None => bash_words(&name, verb.completes),
            Some(second) => format!(
                "if ((count)); then {}; else {}; fi",
                bash_words(&name, Completes::Words(second)),
                bash_words(&name, verb.completes)
            ),
        };
        let words = match verb.completes {
            // Some of these may begin as an option does.
            Completes::Programs | Completes::Names | Completes::Patterns | Completes::Sinks => {
                format!("fi\n        {words} ;;")
            }
            _ => format!("else\n            {words}\n        fi ;;"),
        };
        let _ = write!(
            text,
            "    {})\n\
             \x20       if [[ $cur == -* && ! $ended ]]; then\n\
             \x20           COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n\
             \x20       {words}\n",
            verb.name,
            options.trim(),
        );
    }
    let _ = write!(text, "    esac\n}}\n\ncomplete -F {name} {program}\n");
    text
}

/// What the second word after a verb can be, where that is not what the first is.
fn second(verb: &Verb) -> Option<&'static [&'static str]> {
    verb.words.ends_with(" CHANNEL").then_some(SIDES)
}

fn longs(options: &[Opt]) -> String {
    let longs = options.iter().map(|option| format!("--{}", option.long));
    longs.collect::<Vec<_>>().join(" ")
}

fn bash_words(name: &str, completes: Completes) -> String {
    match completes {
        Completes::Nothing => ":".to_owned(),
        Completes::Programs => format!("{name}_lines < <({PROGRAMS})"),
        Completes::Names => format!("{name}_lines < <({NAMES})"),
        Completes::Patterns => format!("{name}_lines < <({PATTERNS})"),
        Completes::Sinks => format!("{name}_lines < <({SINKS})"),
        Completes::Path => "COMPREPLY=($(compgen -f -- \"$cur\"))".to_owned(),
        Completes::Words(words) => {
            format!(
                "COMPREPLY=($(compgen -W '{}' -- \"$cur\"))",
                words.join(" ")
            )
        }
        Completes::Command => "COMPREPLY=($(compgen -c -- \"$cur\"))".to_owned(),
    }
}

/// For zsh, as a file in a folder of its `fpath`, called `_PROGRAM`.
pub fn zsh(usage: &Usage) -> String {
    let program = usage.program;
    let mut text = format!(
        "#compdef {program}\n\
         # Made from the table that --help is made from.\n\n\
         # Those that look like an option stand after a '--'.\n\
         _{program}_lines() {{\n\
         \x20   local -a plain=(\"${{@:#-*}}\") dashed=(\"${{(M)@:#-*}}\") end=(-P '-- ')\n\
         \x20   (( ${{words[(i)--]}} < CURRENT )) && end=()\n\
         \x20   compadd -a plain\n\
         \x20   compadd $end -a dashed\n\
         }}\n\n\
         _{program}_programs() {{\n\
         \x20   _{program}_lines \"${{(@f)$({PROGRAMS})}}\"\n\
         }}\n\n\
         _{program}_names() {{\n\
         \x20   _{program}_lines \"${{(@f)$({NAMES})}}\"\n\
         }}\n\n\
         _{program}_patterns() {{\n\
         \x20   _{program}_lines \"${{(@f)$({PATTERNS})}}\"\n\
         }}\n\n\
         _{program}_sinks() {{\n\
         \x20   _{program}_lines \"${{(@f)$({SINKS})}}\"\n\
         }}\n\n\
         _{program}() {{\n\
         \x20   local curcontext=$curcontext state line\n\
         \x20   typeset -A opt_args\n"
    );
    let options: Vec<String> = usage
        .options
        .iter()
        .map(|option| zsh_option(program, option))
        .collect();
    let options = options.join(" \\\n        ");
    if usage.verbs.is_empty() {
        let _ = write!(
            text,
            "    _arguments -s \\\n        {options}\n}}\n\n_{program} \"$@\"\n"
        );
        return text;
    }
    let _ = write!(
        text,
        "    _arguments -C \\\n        {options} \\\n        '1:verb:->verb' \\\n        '*::word:->word'\n\
         \x20   case $state in\n\
         \x20   verb)\n\
         \x20       local -a verbs=(\n"
    );
    for verb in usage.verbs {
        let _ = writeln!(
            text,
            "            '{}:{}'",
            verb.name,
            zsh_text(verb.summary)
        );
    }
    text.push_str(
        "        )\n        _describe verb verbs ;;\n    word)\n        case $line[1] in\n",
    );
    for verb in usage.verbs {
        let mut specs: Vec<String> = verb
            .options
            .iter()
            .map(|option| zsh_option(program, option))
            .collect();
        let action = |completes| zsh_action(program, completes);
        match second(verb) {
            Some(second) => specs.extend([
                format!("'1:word:{}'", action(verb.completes)),
                format!("'2:word:{}'", action(Completes::Words(second))),
            ]),
            None if verb.completes == Completes::Nothing => {}
            None => specs.push(format!("'*:word:{}'", action(verb.completes))),
        }
        if !specs.is_empty() {
            let _ = writeln!(
                text,
                "        {}) _arguments {} ;;",
                verb.name,
                specs.join(" \\\n            ")
            );
        }
    }
    let _ = write!(text, "        esac ;;\n    esac\n}}\n\n_{program} \"$@\"\n");
    text
}

fn zsh_option(program: &str, option: &Opt) -> String {
    let help = zsh_text(option.help);
    let value = option.value.map_or(String::new(), |value| {
        format!(":{value}:{}", zsh_action(program, option.completes))
    });
    let long = option.long;
    match option.short {
        Some(short) => format!("'(-{short} --{long})'{{-{short},--{long}}}'[{help}]{value}'"),
        None => format!("'--{long}[{help}]{value}'"),
    }
}

fn zsh_action(program: &str, completes: Completes) -> String {
    match completes {
        Completes::Nothing => " ".to_owned(),
        Completes::Programs => format!("_{program}_programs"),
        Completes::Names => format!("_{program}_names"),
        Completes::Patterns => format!("_{program}_patterns"),
        Completes::Sinks => format!("_{program}_sinks"),
        Completes::Path => "_files".to_owned(),
        Completes::Words(words) => format!("({})", words.join(" ")),
        Completes::Command => "_command_names -e".to_owned(),
    }
}

/// A text inside single quotes and brackets.
fn zsh_text(text: &str) -> String {
    text.replace('\'', "'\\''")
        .replace('[', "\\[")
        .replace(']', "\\]")
        .replace(':', "\\:")
}

/// For fish, as a file of the program's name and `.fish`.
pub fn fish(usage: &Usage) -> String {
    let program = usage.program;
    let mut text = format!(
        "# fish completion for {program}; made from the table that --help is made from.\n\n\
         complete -c {program} -f\n"
    );
    for option in usage.options {
        fish_option(&mut text, program, "", option);
    }
    let names: Vec<&str> = usage.verbs.iter().map(|verb| verb.name).collect();
    let names = names.join(" ");
    for verb in usage.verbs {
        let _ = writeln!(
            text,
            "complete -c {program} -n 'not __fish_seen_subcommand_from {names}' -a {} -d '{}'",
            verb.name,
            fish_text(verb.summary)
        );
    }
    for verb in usage.verbs {
        let condition = format!(" -n '__fish_seen_subcommand_from {}'", verb.name);
        for option in verb.options {
            fish_option(&mut text, program, &condition, option);
        }
        let words = fish_words(verb.completes);
        if let Some(second) = second(verb) {
            // How many words stand before the cursor, from the verb on.
            let after = |count| {
                format!(
                    " -n '__fish_seen_subcommand_from {0}; and set -l words (commandline -opc | string \
                     match -v -- \"-*\"); and test (count $words[(contains -i {0} $words)..-1]) -eq \
                     {count}'",
                    verb.name
                )
            };
            let _ = writeln!(text, "complete -c {program}{}{words}", after(1));
            let second = fish_words(Completes::Words(second));
            let _ = writeln!(text, "complete -c {program}{}{second}", after(2));
        } else if !words.is_empty() {
            let _ = writeln!(text, "complete -c {program}{condition}{words}");
        }
    }
    text
}

fn fish_option(text: &mut String, program: &str, condition: &str, option: &Opt) {
    let short = option
        .short
        .map_or(String::new(), |short| format!(" -s {short}"));
    let value = match option.value {
        Some(_) => format!(" -r{}", fish_words(option.completes)),
        None => String::new(),
    };
    let _ = writeln!(
        text,
        "complete -c {program}{condition}{short} -l {}{value} -d '{}'",
        option.long,
        fish_text(option.help)
    );
}

fn fish_words(completes: Completes) -> String {
    match completes {
        Completes::Nothing => String::new(),
        Completes::Programs => fish_lines(PROGRAMS),
        // In fish's quotes a backslash before a backslash is none.
        Completes::Names => fish_lines(&NAMES.replace('\\', r"\\")),
        Completes::Patterns => fish_lines(PATTERNS),
        Completes::Sinks => fish_lines(&SINKS.replace('\\', r"\\")),
        Completes::Path => " -F".to_owned(),
        Completes::Words(words) => format!(" -a '{}'", words.join(" ")),
        Completes::Command => " -a '(__fish_complete_command)'".to_owned(),
    }
}

/// Lines of text, which may hold anything.
fn fish_lines(command: &str) -> String {
    format!(
        " -a '({})'",
        fish_text(&format!("{command} | {FISH_START}"))
    )
}

fn fish_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
