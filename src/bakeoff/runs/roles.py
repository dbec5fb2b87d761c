"""Which columns name the competitor and the round, and which holds the value.

A role is told by the user, by the kind of source or by a column's name; where nothing tells it, by
there being one column alone that can have it. Two that fit are refused, never chosen between.
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.errors import ArgumentError, DataError, nearest
from bakeoff.runs.cells import Column, alike, columns_of, determines, looks_numeric
from bakeoff.runs.rows import Asked, Rows


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


BY = _set(
    "agent algo algorithm approach arch architecture arm classifier command competitor condition"
    " config configuration estimator experiment file group learner method model name network"
    " optimizer optimiser policy setting strategy system treatment variant"
)
PAIR = _set(
    "block cv dataset day draw fold id instance participant problem rep repeat repetition replicate"
    " replication round run seed split subject task trial"
)
LARGER = _set(
    "acc accuracy ap auc auroc bleu correct dice f1 iou jaccard kappa map mcc precision psnr r2"
    " recall return reward rouge score speedup ssim throughput top1 top5"
)
SMALLER = _set(
    "bce brier cer cost duration ece err error errors fid latency logloss loss losses mae mape mse"
    " nll perplexity ppl regret rmse runtime seconds time times wer"
)
VALUE = LARGER | SMALLER | _set("metric objective result value")
SHARES = _set("acc accuracy ap auc auroc dice f1 iou jaccard map precision recall top1 top5")
TASKS = _set("benchmark dataset env environment task")
"""Words of a column whose rows may be of different tasks."""
SUMMARY = _set("average avg delta diff difference mean median rank sd sem std stddev sum total")
PARAMETER = _set(
    "batch batchsize bs depth dim dropout epochs hidden layers lr momentum params width wd"
)
STEP = _set("epoch iter iteration step timestep")
SHOWN = 4


class Roles:
    """Which column is what.

    Args:
        rows: of a source.
        asked: what the user says of its columns.

    Attributes:
        by: names the competitor; none if each value column is a competitor's.
        pair: names the round; none if each row is one.
        values: the value's column, or each competitor's.
        steps: the column that counts the steps of a curve, or none.
        others: the columns that have no role.

    Raises:
        ArgumentError: for a column asked for that there isn't.
        DataError: where no reading fits, or several do.
    """

    def __init__(self, rows: Rows, asked: Asked) -> None:
        self.source, self.asked, self.known = rows.source, asked, rows.known
        self.hint = "" if asked.pattern else rows.hint
        self.columns = [c for c in columns_of(rows) if any(cell is not None for cell in c.cells)]
        self.steps: Column | None = None
        self.by = self._asked("--by", asked.by) or self._called(*self.known.by)
        self.pair = self._asked("--pair", asked.pair) or self._called(*self.known.pair)
        self.values = self._asked("--value", asked.value) or self._called(self.known.value)
        steps = [c for c in self._free() if c.words & STEP and c.whole and c.varies]
        self.steps = steps[0] if steps else None
        if but := self._asked("--but", asked.but):
            self.pair = self.pair or but
            self.by = tuple(c for c in self._parameters() if c not in but)
        if len(self.values) < 2:
            self.by = self.by or self._competitor()
        if self.by:  # a row is a run's
            self.pair = self.pair or self._round()
            self.values = self.values or self._value()
            if not asked.by and not asked.but:
                self._refuse_third()
        else:  # a column is a competitor's
            self._settle_wide()
        used = (*self.by, *self.pair, *self.values)
        # Of a wide table with a seed, widths and rates may be the competitors' names.
        named = not self.by and any(c.words & PAIR and c.whole for c in self.pair)
        told = asked.by or asked.pair or asked.value or named
        if not told and any(c.headless for c in used):
            raise self._fault("got numbers in the first line, expected the columns' names there")
        self.others = tuple(c for c in self.columns if c not in used and c is not self.steps)

    @property
    def larger_is_better(self) -> bool | None:
        """By the value's name; None if it tells nothing."""
        words = self.values[0].words
        if self.known.value and self.known.larger_is_better is not None:
            return self.known.larger_is_better
        if len(self.values) > 1 or bool(words & LARGER) == bool(words & SMALLER):
            return None
        return bool(words & LARGER) != ("neg" in words)

    @property
    def told(self) -> str:
        """The roles in a few words."""
        who, value = ", ".join(column.name for column in self.by), self.values[0].name
        if not self.by:
            who = f"the columns {listed([c.name for c in self.values], 'and')}"
            value = "what they hold"
        pairs = ", ".join(column.name for column in self.pair) or "the lines"
        pairs = "none" if self.asked.unpaired else pairs
        return f"competitor: {who}; pairs: {pairs}; value: {value}"

    def _fault(self, words: str) -> DataError:
        return DataError(f"{self.source}: {words}")

    def _called(self, *names: str | None) -> tuple[Column, ...]:
        return tuple(column for name in names for column in self.columns if column.name == name)

    def _asked(self, option: str, told: str | None) -> tuple[Column, ...]:
        return asked_of(self.source, self.columns, option, told)

    def _free(self) -> list[Column]:
        """Return the columns that have no role yet, without those that number rows or steps."""
        used = {*self.by, *self.pair, *self.values, self.steps}
        return [c for c in self.columns if c not in used and not c.nameless]

    def _parameters(self) -> list[Column]:
        """Return the columns that vary and may be a run's parameters."""
        named, free = self.known.parameters, [c for c in self._free() if c.varies]
        if named:
            return [c for c in free if c.name in named]
        metrics = self.known.metrics
        return [c for c in free if not (c.unique or c.words & VALUE or c.name in metrics)]

    def _one(self, option: str, what: str, *groups: Sequence[Column]) -> tuple[Column, ...]:
        """Return the one column of the first group that has any; refuse several."""
        found = next((list(each) for each in groups if each), [])
        if option != "--value":
            found = alike(found)
        if len(found) > 1:
            names = [column.name for column in found]
            choices = listed([f"{option} {name}" for name in names], "or")
            tasks = [column.name for column in found if column.words & TASKS]
            if option == "--pair" and tasks:
                choices += f", or --task {tasks[0]} for a verdict on each"
            if option == "--by":
                choices += f", or --by {','.join(names[:SHOWN])} for all together"
            raise self._fault(f"{listed(names, 'and')} may each {what}; give {choices}")
        return tuple(found)

    # ---- one row a run ----

    def _competitor(self) -> tuple[Column, ...]:
        """Return the column that names the competitor, or none if columns are competitors."""
        free = [c for c in self._parameters() if not c.may(PAIR)]
        worded = [c for c in self._free() if c.words & BY and not c.words & PAIR]
        measured = self.values or [c for c in self._free() if c.numeric and c.words & VALUE]
        groups = [[c for c in worded if c.varies]]
        if self.known.parameters:
            groups.insert(0, free)
        else:
            groups += [[c for c in free if not c.numeric], free if measured else []]
        found = self._one("--by", "name the competitor", *groups)
        if not found and self.asked.fewest < 2:
            return tuple(worded[:1])
        if not found and (worded or self.known.parameters or self.known.metrics or self.values):
            told = f", {worded[0].known[0]!r} by {worded[0].name}" if worded else ""
            raise self._fault(
                f"got one competitor{told}, expected at least 2 or --by COLUMN{self.hint}"
            )
        return found

    def _round(self) -> tuple[Column, ...]:
        """Return the columns that name the round."""
        free = [c for c in self._free() if c.varies]
        worded = [c for c in free if c.may(PAIR)]
        shared = alike([c for c in worded if not c.unique])
        once = [c for c in shared if self._once(c)]
        if len(shared) > 1 and not once and self._once(*shared):
            if tasks := [c.name for c in shared if c.words & TASKS]:
                pair = ",".join(c.name for c in shared)
                raise self._fault(
                    f"rounds of one {tasks[0]} share what is peculiar to it, and numbered by {pair}"
                    f" they would claim too much; give --task {tasks[0]} for a verdict on each and"
                    f" one over all, or --pair {pair} to take them for independent"
                )
            return tuple(shared)  # such as repeat and fold
        plain = [
            c
            for c in free
            if not c.unique and not c.words & (VALUE | PARAMETER) and (c.whole or not c.numeric)
        ]
        plain = [] if self.known.metrics else plain  # a run's version is no seed, unless asked for
        constant = [c for c in self._free() if c.words & PAIR]
        groups = (once, shared, worded, constant, [c for c in plain if self._once(c)])
        found = self._one("--pair", "say which values belong to one round", *groups)
        if not found and not self.asked.unpaired:
            raise self._fault(
                "no column says which values belong to one round, such as a seed; name it with"
                " --pair COLUMN, or give --unpaired if rounds have nothing in common"
                f"{self.hint}"
            )
        return found

    def _once(self, *pair: Column) -> bool:
        """Tell whether each competitor has one row a round, or a step of a round."""
        columns = (*self.by, *pair, *((self.steps,) if self.steps else ()))
        keys = list(zip(*(column.labels for column in columns), strict=True))
        return len(set(keys)) == len(keys)

    def _value(self) -> tuple[Column, ...]:
        """Return the column of the value."""
        free = [c for c in self._free() if c.name not in self.known.parameters]
        plain = [c for c in free if c.numeric and c.varies and not c.words & PARAMETER]
        ids = [column.code for column in (*self.by, *self.pair)]
        found = self._one(
            "--value",
            "be the value",
            [c for c in free if c.name in self.known.metrics],
            [c for c in free if c.words & VALUE and any(map(looks_numeric, c.cells))],
            [c for c in plain if c.code not in ids],
            plain,
            [c for c in free if c.words & VALUE],
        )
        if not found:
            raise self._fault("no column holds numbers; name the value's with --value COLUMN")
        return found

    def _refuse_third(self) -> None:
        """Refuse what is known to be a parameter and differs within competitors and rounds."""
        for column in self._free():
            known = column.name in self.known.parameters or (
                column.numeric and column.words & PARAMETER
            )
            if known and not (determines(self.by, column) or determines(self.pair, column)):
                by = ",".join(c.name for c in self.by)
                raise self._fault(
                    f"{column.name} differs too between runs of one competitor; give --by"
                    f" {by},{column.name} to compare each with each, or --by {by} to pay no"
                    " heed to it"
                )

    # ---- one column a competitor ----

    def _settle_wide(self) -> None:
        """Take each column of numbers for a competitor, and each row for a round."""
        self.pair = self.pair or self._line()
        if not self.values:
            self.values = tuple(c for c in self._free() if c.numeric)
            counts = all(c.whole for c in self.values)  # such as goals
            told = any(not c.nameless for c in self.pair)
            for column in self.values:
                other = VALUE | PARAMETER | PAIR | BY | SUMMARY
                named = column.words & other or not column.varies
                whole = column.whole and None not in column.labels
                numbers = column.running and not counts if told else whole
                if not column.headless and (named or numbers):
                    others = [c for c in self.values if c is not column and not c.words & SUMMARY]
                    headings = ",".join(c.name for c in (others or self.values)[:SHOWN])
                    raise self._fault(
                        f"{column.name} may be a competitor, or something else that is told of each"
                        f" run; name the competitors' columns with --value {headings}, or the one"
                        " that names competitors with --by COLUMN"
                    )
        if len(self.values) < self.asked.fewest:
            raise self._fault(
                f"got {len(self.values)} columns of numbers, expected at least 2 to compare, or a"
                " column that names the competitors and --by COLUMN"
            )

    def _line(self) -> tuple[Column, ...]:
        """Return the column that names a wide table's rounds; none if the lines do alone."""
        worded = [c for c in self._free() if c.varies and c.may(PAIR)]
        texts = [c for c in self.columns if c.unique and not c.numeric and c not in worded]
        if not worded and texts:
            name = texts[0].name
            raise self._fault(
                f"{name} may name rounds or competitors; give --pair {name} if each column is a"
                " competitor; if each line is one, turn lines into columns"
            )
        index = [c for c in self.columns if c.nameless and c.varies and c.whole]
        return self._one("--pair", "name the round", worded, index)


def asked_of(
    source: str, columns: Sequence[Column], option: str, told: str | None
) -> tuple[Column, ...]:
    """Return columns by their names, whose case and beginning may be left out.

    Raises:
        ArgumentError: for a name that is no column's, or several columns'.
    """
    found: list[Column] = []
    headings = [column.name for column in columns]
    names = [] if told is None else [told] if told in headings else told.split(",")
    for name in names:
        same = [c for c in columns if c.name == name] or [
            c for c in columns if name.lower() in (c.name.lower(), c.short.lower())
        ]
        if len(same) != 1:
            raise ArgumentError(
                f"{source}: {option}: got {name!r}{nearest(name, headings)}, expected one"
                f" of the columns {listed(headings, 'and')}"
            )
        found += same
    return tuple(found)


def listed(names: Sequence[str], last: str) -> str:
    """Return "a, b and c", or the first few and how many more there are."""
    if len(names) > SHOWN + 1:
        return f"{', '.join(names[:SHOWN])} {last} {len(names) - SHOWN} more"
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
