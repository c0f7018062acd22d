"""The command line of the toolkit: ``straps-train``.

Commands import what they need when they run, so that ``--help`` is fast.
"""

import typer

from shared_features.runtime import console
from training.cli.compare import app as compare
from training.cli.data import app as tables
from training.cli.labeller import app as labeller
from training.cli.labels import app as labels
from training.cli.landmarks import app as landmarks
from training.cli.learning import app as learning
from training.cli.media import app as media
from training.cli.run import app as pipeline
from training.cli.sequence import app as sequences
from training.cli.splits import app as splits
from training.cli.starter import app as starter
from training.cli.synth import app as synth

app = typer.Typer(
    name="straps-train",
    help="Train a model on recordings or generated data, for the service to pick up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# In the order of their use.
for commands in (
    *(media, landmarks, labeller, labels, tables, learning),
    *(compare, pipeline, sequences, starter),
):
    app.add_typer(commands)
app.add_typer(splits, name="splits")
app.add_typer(synth, name="synth", help="Generate labelled landmarks, images and videos.")


def main() -> None:
    """Entry point of the console script."""
    console.run(app)
