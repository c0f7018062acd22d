"""The command line of the toolkit: ``straps-train``.

Commands import what they need when they run, so that ``--help`` answers at once.
"""

import typer

from shared_features.runtime import console
from training.data.commands import app as tables
from training.labeller.commands import app as labeller
from training.labels.commands import app as labels
from training.learning.commands import app as learning
from training.learning.comparison.command import app as compare
from training.media.commands import app as media
from training.pipeline import app as pipeline
from training.starter.command import app as starter
from training.synthetic.commands import app as synth

app = typer.Typer(
    name="straps-train",
    help="From recordings, or generated material, to a model that the service picks up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# In the order in which they are used.
for commands in (media, labeller, labels, tables, learning, compare, pipeline, starter):
    app.add_typer(commands)
app.add_typer(synth, name="synth", help="Generate labelled landmarks, pictures and videos.")


def main() -> None:
    """Entry point of the console script."""
    console.run(app)
