"""Change points of series by Apache Otava.

Reads a JSON list of {series, window, error, magnitude} on standard input; writes for each two lists of [place, p, mean before, mean after]: as Otava is
("own"), and with the t-test given sample standard deviations and both neighbours of a dropped point looked at anew ("mended").
"""

import inspect
import json
import sys

import numpy
import otava.analysis


class Sampled:
    """numpy whose standard deviation is the estimate of that of what the values are a sample of."""

    def __getattr__(self, name):
        return getattr(numpy, name)

    def std(self, values):
        return numpy.std(values, ddof=1)


def changes(case):
    # A list: of an array Otava would look at the whole in every window.
    series = [float(value) for value in case["series"]]
    found, _ = otava.analysis.compute_change_points(
        series, window_len=case["window"], max_pvalue=case["error"], min_magnitude=case["magnitude"]
    )
    return [[int(point.index), float(point.stats.pvalue), float(point.stats.mean_1), float(point.stats.mean_2)] for point in found]


# Where a weak point is dropped, what is known of its neighbours changes: of the one before as well, which Otava 0.8.0 leaves as it was, and looks at the two
# behind instead.
merge = otava.analysis.merge
source = inspect.getsource(merge)
changed = source.replace("recompute(weakest_cp_index + 1)", "recompute(weakest_cp_index - 1)")
assert changed != source, "this Otava drops points otherwise: see what it does, and whether it must be mended"
both_neighbours = {}
exec(changed, vars(otava.analysis), both_neighbours)

answers = []
numpy.seterr(all="ignore")
for case in json.load(sys.stdin):
    answer = {}
    for name, mathematics, merging in [("own", numpy, merge), ("mended", Sampled(), both_neighbours["merge"])]:
        otava.analysis.np = mathematics
        otava.analysis.merge = merging
        answer[name] = changes(case)
    answers.append(answer)
json.dump(answers, sys.stdout)
