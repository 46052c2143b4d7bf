//! Folded stacks from stdin in any form to stdout: `folded_to flame.json < stacks.folded`.

use std::{error::Error, io};

use profile_model::Profile;
use report_render::{Flame, Selection, dot, folded, html, json, speedscope, svg, terminal, top};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let form = std::env::args().nth(1).ok_or("expected the name of a form")?;
    let (input, options) = (io::stdin().lock(), folded::ParseOptions::default());
    match form.as_str() {
        "stacks.json" | "top.txt" | "top.csv" | "top.json" => {
            write_table(&form, &folded::parse(input, &options)?)
        }
        _ => write_tree(&form, &folded::parse_graph(input, &options, 0.0)?.flame()),
    }
}

fn write_table(form: &str, profile: &Profile) -> Result<()> {
    let out = &mut io::stdout().lock();
    let selection = Selection::preferred(profile).ok_or("expected a kind of value, found none")?;
    if form == "stacks.json" {
        json::stacks(&selection, out)?;
        return Ok(());
    }
    let table = top::Top::of(&selection, &Default::default());
    match form {
        "top.csv" => top::csv(&table, out)?,
        "top.json" => top::json(&table, out)?,
        _ => top::text(&table, &Default::default(), out)?,
    }
    Ok(())
}

fn write_tree(form: &str, flame: &Flame<'_>) -> Result<()> {
    let out = &mut io::stdout().lock();
    match form {
        "flame.json" => {
            json::flame_graph(flame, &Default::default(), out)?;
        }
        "folded" => folded::write(flame, out)?,
        "svg" => {
            svg::flame_graph(flame, &Default::default(), out)?;
        }
        "viewer.json" => {
            html::viewer_data(flame, &Default::default(), out)?;
        }
        "html" => {
            html::page(flame, &Default::default(), out)?;
        }
        "flame.txt" => {
            terminal::flame_graph(flame, &Default::default(), out)?;
        }
        "tree.txt" => {
            terminal::call_tree(flame, &Default::default(), out)?;
        }
        "speedscope.json" => {
            speedscope::write(flame, "Folded stacks", out)?;
        }
        "dot" => {
            dot::call_graph(flame, &Default::default(), out)?;
        }
        other => return Err(format!("expected the name of a form, found `{other}`").into()),
    }
    Ok(())
}
