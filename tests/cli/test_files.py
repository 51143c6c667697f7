"""Commands on files: convert, new, check, show, diff, catalog, templates."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from opea_nb.cli.app import app
from opea_nb.formats import registry
from tests.cli.processes import opea_nb

pytestmark = pytest.mark.slow

PIPELINE = """\
opea_micro_services:
  embedding: {endpoint: /v1/embeddings}
  retriever: {endpoint: /v1/retrieval, colour: blue}
  llm: {endpoint: /v1/chat/completions}
opea_mega_service: {name: rag, mega_flow: [embedding >> retriever >> llm]}
"""
Environment = dict[str, str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rag.yaml"
    path.write_text(PIPELINE)
    return path


# --- convert --------------------------------------------------------------------------------------------------------


def test_the_result_is_on_stdout_and_what_was_lost_on_stderr(environment: Environment, file: Path) -> None:
    done = opea_nb(environment, "convert", file, "--to", "python")
    assert done.stdout == registry.convert(file, to="python").text
    assert "kept: opea_micro_services.retriever.colour: " in done.stderr
    assert "lost: retriever.colour: " in done.stderr


def test_stdin_can_be_converted(environment: Environment) -> None:
    done = opea_nb(environment, "convert", "-", "--to", "mermaid", given=PIPELINE)
    assert done.stdout.startswith("flowchart LR\n")


def test_several_files_go_into_a_folder(environment: Environment, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    opea_nb(environment, "convert", file, "--to", "kubernetes", "-O", "folder=true", "-o", folder)
    assert (folder / "kustomization.yaml").exists()


def test_nothing_is_overwritten_unless_forced(environment: Environment, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "rag.mmd"
    out.write_text("mine")
    done = opea_nb(environment, "convert", file, "--to", "mermaid", "-o", out, code=1)
    assert out.read_text() == "mine"
    assert "it is there already" in done.stderr
    assert "--force" in done.stderr
    opea_nb(environment, "convert", file, "--to", "mermaid", "-o", out, "--force")
    assert out.read_text().startswith("flowchart")


def test_formats_take_options(environment: Environment, file: Path) -> None:
    assert "--namespace" in opea_nb(environment, "convert", "--help").stdout
    done = opea_nb(environment, "convert", file, "-t", "kubernetes", "--embedded", "--namespace", "mine")
    assert "namespace: mine" in done.stdout
    done = opea_nb(environment, "convert", file, "-t", "compose", "--embedded", "-O", "port=9123")
    assert "127.0.0.1:9123:" in done.stdout
    done = opea_nb(environment, "convert", file, "-t", "mermaid", "-O", "colour=red", code=1)
    assert "takes no option 'colour'" in done.stderr
    opea_nb(environment, "convert", file, "-t", "mermaid", "-O", "red", code=2)


def test_a_program_gets_json(environment: Environment, file: Path) -> None:
    data = json.loads(opea_nb(environment, "convert", file, "--to", "mermaid", "--json").stdout)
    assert list(data["files"]) == ["rag.mmd"]
    assert data["notes"][0]["kind"] == "kept"


def test_what_a_format_cannot_hold_is_an_error_with_the_next_step(environment: Environment, tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("opea_micro_services: {a: {kind: agent}}\nopea_mega_service: {mega_flow: [a]}\n")
    done = opea_nb(environment, "convert", file, "--to", "gmc", code=1)
    assert done.stdout == ""
    assert done.stderr.startswith("Error: a: GMC has no step")
    assert "→" in done.stderr


def test_pixels_go_into_a_pipe_and_not_to_a_terminal(environment: Environment, file: Path) -> None:
    command = [sys.executable, "-m", "opea_nb.cli", "convert", str(file), "--to", "png"]
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout.startswith(b"\x89PNG")
    master, slave = pty.openpty()
    refused = subprocess.run(command, env=environment, stdout=slave, stderr=subprocess.PIPE, text=True, check=False)
    os.close(slave), os.close(master)
    assert refused.returncode == 1
    assert "-o FILE" in refused.stderr


def test_files_are_read_from_stdin(environment: Environment, file: Path) -> None:
    text = file.read_text()
    assert "no problems" in opea_nb(environment, "check", "-", given=text).stdout
    assert "embedding" in opea_nb(environment, "show", "-", given=text).stdout
    assert not opea_nb(environment, "diff", "-", file, given=text).stdout
    assert "rag" in opea_nb(environment, "convert", "-", "-t", "unified", given=text).stdout
    assert opea_nb(environment, "check", "-", given="a: [", code=1).stdout.startswith("<stdin>:1:5: error:")


def test_a_dash_as_output_is_stdout(environment: Environment, file: Path, tmp_path: Path) -> None:
    assert opea_nb(environment, "convert", file, "--to", "mermaid", "-o", "-").stdout.startswith("flowchart")
    assert not (tmp_path / "-").exists()


def test_the_ending_of_the_output_tells_the_format(environment: Environment, file: Path, tmp_path: Path) -> None:
    opea_nb(environment, "convert", file, "-o", tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text().startswith("<svg")
    assert "--to" in opea_nb(environment, "convert", file, "-o", tmp_path / "x.txt", code=2).stderr


def test_an_unknown_format_or_accelerator_is_refused_with_what_there_is(environment: Environment, file: Path) -> None:
    assert "did you mean compose?" in opea_nb(environment, "convert", file, "--to", "compos", code=1).stderr
    words = ("--to", "compose", "--accelerator", "tpu")
    assert "use cpu, gaudi, rocm, nvidia" in opea_nb(environment, "convert", file, *words, code=1).stderr


def test_components_of_ones_own_are_known_when_their_file_is_named(environment: Environment, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("components: {shout: {input: Json, output: Json, endpoint: /v1/shout, port: 8100}}")
    file = tmp_path / "own.yaml"
    file.write_text("opea_micro_services: {x: {kind: shout}}\nopea_mega_service: {mega_flow: [x]}\n")
    assert "no service of kind `shout`" in opea_nb(environment, "check", file, code=1).stdout
    assert "no problems" in opea_nb(environment, "--catalog", mine, "check", file).stdout
    assert "no problems" in opea_nb({**environment, "OPEA_NB_CATALOG": str(mine)}, "check", file).stdout


def test_a_table_in_a_pipe_is_not_cut_short(environment: Environment) -> None:
    plain = {name: value for name, value in environment.items() if name != "COLUMNS"}
    assert "…" not in opea_nb(plain, "catalog").stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("words", [("catalog",), ("catalog", "--json"), ("templates", "chatqna")])
def test_an_output_that_cannot_be_written_is_told_in_words(environment: Environment, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "opea_nb.cli", *words]
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


# --- check ----------------------------------------------------------------------------------------------------------


def test_a_sound_file_has_no_problems(environment: Environment, file: Path) -> None:
    assert opea_nb(environment, "check", file).stdout == "1 file, no problems.\n"


def test_mistakes_are_told_with_their_places(environment: Environment, file: Path, tmp_path: Path) -> None:
    broken, lonely = tmp_path / "broken.yaml", tmp_path / "lonely.yaml"
    broken.write_text(PIPELINE.replace(">> llm", ">> nobody"))
    lonely.write_text(
        "opea_micro_services:\n  reranking: {endpoint: /v1/reranking}\nopea_mega_service: {mega_flow: [reranking]}\n"
    )
    done = opea_nb(environment, "check", file, broken, lonely, code=1)
    first, *_ = done.stdout.splitlines()
    assert first.startswith(f"{broken}:5:")
    assert "nobody" in first
    assert f"{lonely}:2:3: error: " in done.stdout
    found = json.loads(opea_nb(environment, "check", broken, "--json", code=1).stdout)
    assert (found[0]["line"], found[0]["severity"], found[0]["code"]) == (5, "error", "format")


def test_warnings_count_when_asked(environment: Environment, tmp_path: Path) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text(PIPELINE.replace("colour: blue", "environment: {API_TOKEN: abc}"))
    assert ": warning: " in opea_nb(environment, "check", file).stdout
    opea_nb(environment, "check", file, "--strict", code=1)


# --- show, diff -----------------------------------------------------------------------------------------------------


def test_a_pipeline_is_drawn(environment: Environment, file: Path, tmp_path: Path) -> None:
    done = opea_nb(environment, "show", file)
    assert "│ embedding ├──▶│ retriever ├──▶│ llm │" in done.stdout
    assert "kept: " in done.stderr
    for name, start in (("a.svg", b"<svg "), ("a.mmd", b"flowchart"), ("a.png", b"\x89PNG")):
        opea_nb(environment, "show", file, "-o", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    opea_nb(environment, "show", file, "-o", tmp_path / "a.gif", code=1)
    data = json.loads(opea_nb(environment, "show", file, "--json").stdout)
    assert data["flows"]["main"]["edges"] == [["embedding", "retriever"], ["retriever", "llm"]]


def test_diff_lists_what_is_different_and_ends_like_diff(environment: Environment, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(PIPELINE.replace("completions}", "completions, port: 9005}"))
    assert opea_nb(environment, "diff", file, file).stdout == ""
    assert opea_nb(environment, "diff", file, other, code=1).stdout == "services.llm.port: 9000 → 9005\n"
    data = json.loads(opea_nb(environment, "diff", file, other, "--json", code=1).stdout)
    assert data == [{"path": ["services", "llm", "port"], "first": 9000, "second": 9005}]


def test_formats_can_be_compared_with_each_other(environment: Environment, file: Path, tmp_path: Path) -> None:
    opea_nb(environment, "convert", file, "--to", "compose", "-o", f"{tmp_path}/compose/")
    opea_nb(environment, "diff", file, tmp_path / "compose" / "compose.yaml")


# --- new, templates, catalog ----------------------------------------------------------------------------------------


def test_a_new_pipeline_begins_with_a_template(environment: Environment, tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    opea_nb(environment, "new", "mine", "--template", "audioqna", "-o", out)
    assert out.read_text().startswith("# ")  # the template's comments stay
    assert registry.read(out).pipeline.name == "mine"
    assert "there already" in opea_nb(environment, "new", "mine", "-o", out, code=1).stderr
    assert "did you mean" in opea_nb(environment, "new", "x", "-t", "audioqa", "-o", tmp_path / "x.yaml", code=1).stderr
    opea_nb(environment, "new", "a b", "-o", tmp_path / "y.yaml", code=1)


def test_templates_are_listed_and_printed(environment: Environment) -> None:
    listed = json.loads(opea_nb(environment, "templates", "--json").stdout)
    assert "chatqna" in [t["name"] for t in listed]
    assert "opea_mega_service:" in opea_nb(environment, "templates", "chatqna").stdout


def test_the_catalogue_is_listed_and_a_component_shown(environment: Environment) -> None:
    kinds = {c["kind"]: c for c in json.loads(opea_nb(environment, "catalog", "--json").stdout)}
    assert kinds["llm"]["endpoint"] == "/v1/chat/completions"
    assert "reranking" in opea_nb(environment, "catalog").stdout
    assert "top_n" in opea_nb(environment, "catalog", "reranking").stdout
    assert json.loads(opea_nb(environment, "catalog", "reranking", "--json").stdout)["port"] == 8000
    assert "did you mean" in opea_nb(environment, "catalog", "rerankin", code=1).stderr


def test_completion_can_be_shown(environment: Environment) -> None:
    environment["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
    assert "_OPEA_NB_COMPLETE" in opea_nb(environment, "--show-completion", "bash").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_prints_what_a_shell_reads(environment: Environment, shell: str) -> None:
    script = opea_nb(environment, "completion", shell).stdout
    assert f"complete_{shell}" in script
    assert "opea-nb" in script
    environment["SHELL"] = f"/usr/bin/{shell}"
    assert json.loads(opea_nb(environment, "completion", "--json").stdout) == {"shell": shell, "script": script}


def test_completion_of_an_unknown_shell_names_those_that_there_are(environment: Environment) -> None:
    assert "use one of bash, zsh, fish" in opea_nb(environment, "completion", "tcsh", code=2).stderr
    environment["SHELL"] = ""
    assert "use one of bash, zsh, fish" in opea_nb(environment, "completion", code=2).stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("opea-nb conv", "convert"),
        ("opea-nb convert x.yaml --to k", "kubernetes kserve"),
        ("opea-nb catalog guardrails-p", "guardrails-pii"),
        ("opea-nb templates codeg", "codegen"),
    ],
)
def test_bash_completes_with_the_script(environment: Environment, words: str, offered: str) -> None:
    program = Path(sys.executable).parent
    typed = f"COMP_WORDS=({words}); COMP_CWORD={words.count(' ')}; _opea_nb_completion opea-nb; echo ${{COMPREPLY[*]}}"
    environment["PATH"] = f"{program}{os.pathsep}{environment['PATH']}"
    code = f"source <(opea-nb completion bash); {typed}"
    done = subprocess.run(["bash", "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == offered.split(), done.stderr


def test_a_shell_completes_names_of_formats_and_templates(environment: Environment) -> None:
    environment |= {"_OPEA_NB_COMPLETE": "complete_bash", "COMP_WORDS": "opea-nb convert a --to ku", "COMP_CWORD": "4"}
    assert opea_nb(environment).stdout.split() == ["kubernetes"]
    environment |= {"COMP_WORDS": "opea-nb new a --template audioqna-", "COMP_CWORD": "4"}
    assert opea_nb(environment).stdout.split() == ["audioqna-multilang"]


def test_every_command_has_json() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has them
    assert [n for n, c in commands.items() if "--json" not in [o for p in c.params for o in p.opts]] == []


def test_what_is_written_is_told_to_programs(environment: Environment, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.mmd"
    assert json.loads(opea_nb(environment, "convert", file, "-t", "mermaid", "-o", out, "--json").stdout)[
        "written"
    ] == [str(out)]
    assert out.read_text().startswith("flowchart")
    picture = tmp_path / "a.svg"
    assert json.loads(opea_nb(environment, "show", file, "-o", picture, "--json").stdout)["written"] == [str(picture)]
    made = json.loads(opea_nb(environment, "new", "mine", "-o", tmp_path / "m.yaml", "--json").stdout)
    assert made == {"name": "mine", "template": "chatqna", "written": [str(tmp_path / "m.yaml")]}
    template = json.loads(opea_nb(environment, "templates", "audioqna", "--json").stdout)
    assert registry.read(template["text"]).pipeline.name == "audioqna"
