"""What a build tells: steps, images that it made and that it found, and why it failed. The lines are those of an engine."""

from mlpack.images.stream import Step, Trail


def followed(*events):
    trail = Trail()
    return trail, [step for step in map(trail.follow, events) if step]


def line(text):
    return {"stream": text}


def test_what_was_made_is_told_from_what_was_found():
    trail, steps = followed(
        line("Step 1/4 : FROM python:3.11-slim AS packages"),
        line("\n"),
        line(" ---> 8b248367df2b\n"),
        line("Step 2/4 : WORKDIR /build"),
        line(" ---> Using cache\n"),
        line(" ---> 4da104356fd6\n"),
        line("Step 3/4 : RUN make"),
        line(" ---> Running in c0ffee123456\n"),
        line("made\n"),
        line("Removing intermediate container c0ffee123456\n"),
        line(" ---> 7027a5d5b0e7\n"),
        line("Step 4/4 : LABEL a=1"),
        line(" ---> Running in c0ffee654321\n"),
        line(" ---> d3a7826ce30b\n"),
        {"aux": {"ID": "sha256:d3a7826ce30b5611"}},
        line("Successfully built d3a7826ce30b\n"),
    )
    assert [str(step) for step in steps][1] == "2/4 WORKDIR /build"
    assert trail.added == ["7027a5d5b0e7", "d3a7826ce30b"]
    assert trail.made == ["4da104356fd6", *trail.added]
    assert trail.containers == ["c0ffee123456", "c0ffee654321"]
    assert trail.image == "sha256:d3a7826ce30b5611"
    assert trail.cached == 1
    assert "made" in trail.output


def test_what_a_step_wrote_is_no_image():
    trail, _ = followed(
        line("Step 1/1 : RUN x"), line(" ---> Running in c0ffee123456\n"), line("see ---> 7027a5d5b0e7\n")
    )
    assert trail.added == []


def test_why_it_failed_is_kept():
    trail, _ = followed({"error": "no space left on device", "errorDetail": {"message": "…"}})
    assert trail.error == "no space left on device"


def test_a_long_instruction_is_shown_in_short():
    assert str(Step(1, 2, "RUN a \\\n &&  b")) == "1/2 RUN a \\ && b"
    assert len(str(Step(1, 2, "RUN " + "x" * 200))) < 72
