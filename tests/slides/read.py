"""Reads slides with nothing of ours: python-pptx and openpyxl for the presentation, pypdf for the PDF.

    read.py FOLDER THEME-COLOUR

FOLDER holds slides.pptx, slides.pdf, summary.csv and percentiles.csv of one recording. Every figure of every chart is compared with the workbook behind it
and with the CSV; the first difference ends the script with an error. Prints what was compared, and at last `done`.
"""

import csv
import io
import math
import pathlib
import sys

import openpyxl
import pypdf
from lxml import etree
from openpyxl.utils import range_boundaries
from pptx import Presentation
from pptx.util import Emu

FACTORS = {"": 1, "KiB": 1 / 1024, "MiB": 1 / 1048576, "B": 1, "CPU-ms": 1e3, "CPU-s": 1}


NAMESPACES = {"c": "http://schemas.openxmlformats.org/drawingml/2006/chart", "a": "http://schemas.openxmlformats.org/drawingml/2006/main"}


def find(element, path):
    return etree.XPath(path, namespaces=NAMESPACES)(element)


def fail(text):
    sys.exit(f"not equal: {text}")


def equal(one, other, what):
    if not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12):
        fail(f"{what}: {one} and {other}")


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cells(sheet, reference):
    name, area = reference.split("!")
    assert name == sheet.title, reference
    left, top, right, bottom = range_boundaries(area.replace("$", ""))
    return [sheet.cell(row, column).value for row in range(top, bottom + 1) for column in range(left, right + 1)]


def caches(chart, sheet):
    """Every cache of a chart holds what the cells hold that it refers to; returns how many values that were."""
    space = chart._chartSpace
    count = 0
    for reference in find(space, ".//c:numRef | .//c:strRef"):
        address = find(reference, "./c:f")[0].text
        held = cells(sheet, address)
        points = {int(point.get("idx")): find(point, "./c:v")[0].text for point in find(reference, ".//c:pt")}
        for place, value in enumerate(held):
            if isinstance(value, (int, float)):
                equal(float(points[place]), value, address)
            elif value is None:
                assert place not in points, address
            elif points[place] != value:
                fail(f"{points[place]!r} and {value!r}")
            count += 1
    return count


def main(folder, colour):
    summary = {(row["contender"], row["metric"]): row["value"] for row in rows(folder / "summary.csv") if row["repeat"] == "all"}
    doubts = {(row["contender"], row["metric"]): row["doubts"] for row in rows(folder / "summary.csv") if row["repeat"] == "all"}
    percentiles = {(row["contender"], round(float(row["percentile"]), 4)): float(row["seconds"]) for row in rows(folder / "percentiles.csv") if row["distribution"] == "latency"}
    contenders = list(dict.fromkeys(row["contender"] for row in rows(folder / "summary.csv")))
    deck = Presentation(str(folder / "slides.pptx"))
    assert len(deck.slides) == 10, len(deck.slides)
    assert (deck.slide_width, deck.slide_height) == (Emu(12192000), Emu(6858000))
    titles = []
    charts = compared = cached = coloured = corners = 0
    for slide in deck.slides:
        assert slide.shapes.title is not None and slide.shapes.title.text_frame.text.strip()
        titles.append(slide.shapes.title.text_frame.text)
        notes = slide.notes_slide.notes_text_frame.text
        assert "Conditions: " in notes or "Machine: " in notes, notes
        for shape in slide.shapes:
            if not shape.has_chart:
                continue
            charts += 1
            chart = shape.chart
            assert not chart.has_legend
            workbook = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
            sheet = workbook["figures"]
            cached += caches(chart, sheet)
            header = [cell.value for cell in sheet[1]]
            logarithmic = find(chart._chartSpace, ".//c:logBase")
            plot = chart.plots[0]
            if header[0].startswith("one in"):
                assert len(logarithmic) == 2
                assert sorted(header[1:]) == sorted(contenders)
                for series in plot.series:
                    for place, (one_in, milliseconds) in enumerate(zip([row[0].value for row in sheet.iter_rows(min_row=2)], series.values)):
                        if milliseconds is None:
                            continue
                        percentile = round(100 - 100 / one_in, 4)
                        equal(milliseconds / 1e3, percentiles[series.name, percentile], f"{series.name} p{percentile} ({place})")
                        compared += 1
            elif header[1].startswith("brought news"):
                for name, news, vain in sheet.iter_rows(min_row=2, values_only=True):
                    equal(vain / 100, float(summary[name, "waste.ratio"]), name)
                    equal(news, 100 - vain, name)
                    compared += 1
                coloured += dots(plot, contenders)
            elif header[0].startswith("CPU per update"):
                assert len(logarithmic) == 2
                both = ("cpu.total.per_1000_updates", "scenario_latency.p99")
                trusted = [name for name in contenders if not any("untrusted:" in doubts[name, metric] for metric in both)]
                places = [tuple(float(summary[name, metric]) for metric in both) for name in trusted]
                costs, ages = ({place[axis] for place in places} for axis in (0, 1))
                unbeaten = sum(not any(other != place and other[0] <= place[0] and other[1] <= place[1] for other in places) for place in places)
                # What is not to be trusted has no part in the front. A corner for each that nobody beats in both, and one between two of them; where one beats all there is no front.
                expected = 2 * unbeaten - 1 if unbeaten > 1 else 0
                for cost, *figures in sheet.iter_rows(min_row=2, values_only=True):
                    for name, age in zip(header[1:], figures):
                        if age is None:
                            continue
                        if name == "front":
                            assert any(math.isclose(cost, known) for known in costs) and any(math.isclose(age / 1e3, known) for known in ages), (cost, age)
                            corners += 1
                        else:
                            equal(cost, float(summary[name, "cpu.total.per_1000_updates"]), name)
                            equal(age / 1e3, float(summary[name, "scenario_latency.p99"]), name)
                            compared += 1
                assert corners == expected, (corners, expected, places)
            else:
                metric, _, unit = header[1].partition(", ")
                assert bool(logarithmic) == metric.startswith(("messages.", "bytes.")), metric
                values = dict(zip(plot.categories, plot.series[0].values))
                for name, value in sheet.iter_rows(min_row=2, values_only=True):
                    equal(value, float(summary[name, metric]) * FACTORS[unit], f"{name} {metric}")
                    equal(values[name], value, f"{name} {metric} in the chart")
                    compared += 1
                coloured += dots(plot, contenders)
    assert any(point.format.fill.fore_color.rgb.__str__() == colour for point in points(deck)), colour
    print(f"charts\t{charts}")
    print(f"figures\t{compared}")
    print(f"cached\t{cached}")
    print(f"coloured\t{coloured}")
    print(f"corners\t{corners}")
    pdf(folder / "slides.pdf", titles)
    print("done")


def points(deck):
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_chart and shape.chart.plots[0].__class__.__name__ == "BarPlot":
                series = shape.chart.plots[0].series[0]
                for place in range(len(list(series.values))):
                    yield series.points[place]


def dots(plot, contenders):
    """Bars that have a colour of their own: all of them."""
    own = find(plot.series[0]._element, "./c:dPt")
    assert len(own) == len(contenders), (len(own), contenders)
    return len(own)


def pdf(path, titles):
    reader = pypdf.PdfReader(path)
    assert len(reader.pages) == 10, len(reader.pages)
    selectable = embedded = 0
    for page, title in zip(reader.pages, titles):
        assert (float(page.mediabox.width), float(page.mediabox.height)) == (960.0, 540.0)
        text = " ".join(page.extract_text().split())
        words = title.replace("\u00a0", " ").split()
        missing = [word for word in words[:4] if word not in text]
        assert not missing, (missing, text)
        selectable += len(text)
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert len(descriptor["/FontFile2"].get_object().get_data()) > 10000
            embedded += 1
    print(f"pages\t{len(reader.pages)}")
    print(f"characters\t{selectable}")
    print(f"fonts\t{embedded}")


main(pathlib.Path(sys.argv[1]), sys.argv[2])
