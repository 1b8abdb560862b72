from mlpack.core.view import Cell, Facts, Line, Shown, Table


class Sample(Shown):
    def view(self):
        return [
            Line("a < b", "bad"),
            Facts([("name", "value"), ("other", Cell("<b>", "good"))], "facts"),
            Table("title", ("x", "y"), [("1", Cell("2", "warn"))]),
        ]


def test_the_notebook_form_escapes_what_it_shows():
    page = Sample()._repr_html_()
    assert "a &lt; b" in page
    assert "&lt;b&gt;" in page
    assert "<caption>title</caption>" in page
    assert "<b>" not in page
