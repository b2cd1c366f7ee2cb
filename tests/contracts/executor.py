"""What every executor keeps to."""

import sys
import threading
from pathlib import Path

import pytest

from jupyter_flows import signals
from jupyter_flows.core.annotations import flatten, unmapped
from jupyter_flows.core.control_flow import case, merge
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.mapping import apply_map
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import task
from jupyter_flows.engine.context import context
from jupyter_flows.engine.executors import executor_from_json
from jupyter_flows.engine.flow_runner import FlowRunner


class Recorder:
    """Work that runs nothing: it remembers what it was asked to run, and after what."""

    def __init__(self, upstream, portable=()):
        self.upstream = upstream
        self.portable = frozenset(portable)
        self.downstream = [[d for d, ups in enumerate(upstream) if u in ups] for u in range(len(upstream))]
        self.order = range(len(upstream))
        self.calls: list[int] = []
        self.too_early: list[int] = []
        self._lock = threading.Lock()

    def run(self, number):
        with self._lock:
            if not set(self.upstream[number]) <= set(self.calls):
                self.too_early.append(number)
            self.calls.append(number)

    def may_leave(self, number):
        return True

    def give_up(self, number):
        return False


DIAMONDS = [[], [0], [0], [1, 2], [], [3, 4], [5], [5], [6, 7]]


class ExecutorContract:
    """Inherited by the tests of each executor; `executor` makes one."""

    @pytest.fixture
    def executor(self):
        raise NotImplementedError

    def test_every_task_is_called_once(self, executor):
        """Nothing is left out, nothing is done twice."""
        work = Recorder(DIAMONDS)
        executor.execute(work)
        assert sorted(work.calls) == list(range(9))

    def test_no_task_is_called_before_what_it_waits_for(self, executor):
        """The edges are respected."""
        work = Recorder(DIAMONDS)
        executor.execute(work)
        assert work.too_early == []

    def test_portable_tasks_wait_too(self, executor):
        """Tasks that may run on other threads are called once, after what they wait for."""
        for portable in ({1, 2}, {0, 3, 5, 6}, set(range(9))):
            work = Recorder(DIAMONDS, portable)
            executor.execute(work)
            assert (sorted(work.calls), work.too_early) == (list(range(9)), [])

    def test_an_empty_flow_is_nothing_to_do(self, executor):
        """A flow without tasks ends at once, with success."""
        executor.execute(Recorder([]))
        assert FlowRunner(Flow("empty"), executor=executor).run().is_successful()

    def test_a_flow_gives_its_results(self, executor):
        """Values travel along the edges, collections included."""

        @task
        def number(n):
            return n

        @task
        def total(numbers, extra=0):
            return sum(numbers) + extra

        with Flow("sum") as flow:
            result = total([number(1), number(2)], extra=number(10))
        state = FlowRunner(flow, executor=executor).run()
        assert state.result[result].result == 13

    def test_a_failure_stays_where_it_is(self, executor):
        """A failing task fails what is downstream, nothing else, and the flow."""

        @task
        def divide(n):
            return 1 / n

        with Flow("divide") as flow:
            bad, good = divide(0), divide(1)
            after = divide(bad)
        state = FlowRunner(flow, executor=executor).run()
        names = [state.result[t].name.value for t in (bad, good, after)]
        assert (state.name.value, names) == ("Failed", ["Failed", "Success", "TriggerFailed"])

    def test_triggers_signals_and_branches(self, executor):
        """What runs, what is skipped and what is told of it is the same on every executor."""
        heard = []

        @task
        def give(value):
            return value

        @task(state_handlers=lambda t, old, new: heard.append(new.name.value), max_retries=1)
        def fail():
            raise signals.FAIL("no")

        with Flow("branches") as flow:
            chosen = give(2)
            with case(chosen, 1):
                one = give(10)
            with case(chosen, 2):
                two = give(20)
            merged = merge(one, two)
            report = give(fail(), task_args={"trigger": "any_failed"})
            flow.set_reference_tasks([merged, report])
        state = FlowRunner(flow, executor=executor).run()
        names = [state.result[t].name.value for t in (one, two, merged, report)]
        assert (state.name.value, names) == ("Success", ["Skipped", "Success", "Success", "Success"])
        assert (state.result[merged].result, str(state.result[report].result)) == (20, "no")
        assert heard == ["Running", "Retrying", "Running", "Failed"]

    def test_a_paused_flow_goes_on(self, executor):
        """What waits for a person is left out, with what waits for it, until the run is resumed."""

        @task
        def inc(n):
            return n + 1

        with Flow("paused") as flow:
            first = inc(1)
            last = inc(inc(first, task_args={"trigger": "manual_only"}))
        runner = FlowRunner(flow, executor=executor)
        state = runner.run()
        assert (state.name.value, state.result[last].name.value) == ("Paused", "Pending")
        assert runner.run(resume=state).result[last].result == 4

    def test_a_thousand_tasks_in_a_row(self, executor):
        """Depth is no limit."""

        @task
        def inc(n):
            return n + 1

        with Flow("deep") as flow:
            value = inc(0)
            for _ in range(999):
                value = inc(value)
        assert FlowRunner(flow, executor=executor).run().result[value].result == 1000

    def test_a_task_that_only_waits_comes_after(self, executor, tmp_path):
        """An edge without a value is kept too."""
        mark = str(tmp_path / "mark")

        @task
        def first():
            Path(mark).write_text("done")

        @task
        def second():
            return Path(mark).read_text()

        with Flow("wait") as flow:
            done = first()
            seen = second(upstream_tasks=[done])
        assert FlowRunner(flow, executor=executor).run().result[seen].result == "done"

    def test_parameters_and_items_travel(self, executor):
        """A run's own values, keys of results and nested collections arrive."""

        @task
        def pair(a, b=2):
            return {"a": a, "b": b}

        with Flow("pairs") as flow:
            pairs = pair(Parameter("a", 1))
            whole = pair({"all": [pairs["a"], pairs["b"]]})
        state = FlowRunner(flow, executor=executor).run({"a": 5})
        assert state.result[whole].result == {"a": {"all": [5, 2]}, "b": 2}

    def test_retries_are_counted_alike(self, executor, tmp_path):
        """A task that fails twice and then succeeds is a success; one that never does says which try was the last."""
        count = str(tmp_path / "count")

        @task(max_retries=2)
        def third_time():
            with Path(count).open("a") as file:
                file.write("x")
            tries = len(Path(count).read_text())
            if tries < 3:
                raise ValueError(f"try {tries}")
            return tries

        @task(max_retries=1)
        def never():
            raise ValueError("never")

        with Flow("retries") as flow:
            good, bad = third_time(), never()
        result = FlowRunner(flow, executor=executor).run().result
        assert (result[good].result, result[bad].name.value, type(result[bad].result)) == (3, "Failed", ValueError)

    def test_a_task_over_its_limit_is_stopped(self, executor):
        """It ends as TimedOut and says its limit; what waits for it is not called."""

        @task(timeout=0.05)
        def endless():
            while True:
                pass

        @task
        def after(value):
            return value

        with Flow("limit") as flow:
            long = endless()
            late = after(long)
        result = FlowRunner(flow, executor=executor).run().result
        assert (result[long].name.value, result[late].name.value) == ("TimedOut", "TriggerFailed")
        assert result[long].message == "the task took longer than 0.05 s"

    def test_the_context_names_run_and_task(self, executor):
        """A task knows its flow, its own name and the run's parameters, wherever it is called."""

        @task
        def who():
            return context.flow_name, context.task_name, context.parameters["n"]

        with Flow("whoami") as flow:
            flow.add_task(Parameter("n", 7))
            answer = who()
        assert FlowRunner(flow, executor=executor).run().result[answer].result == ("whoami", "who", 7)

    def test_what_a_task_writes_comes_home(self, executor, capsys):
        """Printed text reaches the run's own stream."""

        @task
        def speak():
            print("hello from the task")

        with Flow("speaking") as flow:
            speak()
        FlowRunner(flow, executor=executor).run()
        assert "hello from the task\n" in capsys.readouterr().out

    def test_an_exit_is_a_failure(self, executor):
        """``sys.exit`` in a task fails the task and nothing else."""

        @task
        def leave():
            sys.exit(3)

        with Flow("exit") as flow:
            left = leave()
        state = FlowRunner(flow, executor=executor).run()
        assert (state.result[left].name.value, state.result[left].message[:12]) == ("Failed", "SystemExit 3")

    def test_mapped_tasks_give_the_same_everywhere(self, executor):
        """Children run in lanes, whole values go to each, branches are each child's, and reducing takes them in order."""

        @task
        def numbers(n):
            return list(range(n))

        @task
        def add(x, y=1):
            return x + y, context.map_index

        @task
        def first(pair):
            return pair[0]

        @task
        def is_even(x):
            return x % 2 == 0

        def change(x):
            with case(is_even(x), True):
                even = first([x])
            return merge(even, add(x, 100))

        with Flow("mapped") as flow:
            one = add.map(numbers(4), unmapped(first([10])))
            two = first.map(one)
            three = add.map(flatten([[1], [2, 3]]), y=two)
            four = add(two, [0])
            five = apply_map(change, two)
            none = first.map(numbers(0))
        result = FlowRunner(flow, executor=executor).run().result
        assert result[one].result == [(10, 0), (11, 1), (12, 2), (13, 3)]
        assert result[three].result == [(11, 0), (13, 1), (15, 2)]
        assert result[four].result == ([10, 11, 12, 13, 0], None)
        assert result[five].result == [10, (111, 1), 12, (113, 3)]
        assert (result[none].name.value, result[none].result) == ("Mapped", [])
        assert [s.name.value for s in result[one].map_states] == ["Success"] * 4

    def test_children_fail_skip_and_try_again_alike(self, executor, tmp_path):
        """Each child has a state of its own, and what waits for it looks at that."""
        folder = str(tmp_path)

        @task(max_retries=1)
        def work(x):
            mark = Path(folder) / f"{x}"
            if x == 1 and not mark.exists():
                mark.write_text("tried")
                raise ValueError("once")
            if x == 2:
                raise ValueError("always")
            if x == 3:
                raise signals.SKIP("three")
            return x

        @task
        def inc(x):
            return x + 1

        @task(trigger="all_finished", skip_on_upstream_skip=False)
        def kinds(xs):
            return [type(x).__name__ for x in xs]

        with Flow("states") as flow:
            one = work.map([0, 1, 2, 3])
            two = inc.map(one)
            three = kinds(one)
        state = FlowRunner(flow, executor=executor).run()
        names = [[s.name.value for s in state.result[t].map_states] for t in (one, two)]
        assert names == [
            ["Success", "Success", "Failed", "Skipped"],
            ["Success", "Success", "TriggerFailed", "Skipped"],
        ]
        assert state.result[three].result == ["int", "int", "ValueError", "NoneType"]
        assert state.result[two].result[:2] == [1, 2]

    def test_endless_recursion_is_a_failure(self, executor):
        """Python's own limit ends the task, and nothing else."""

        @task
        def deeper(n):
            return deeper.fn(n + 1)

        with Flow("recursion") as flow:
            deep = deeper(0)
        state = FlowRunner(flow, executor=executor).run()
        assert (state.result[deep].name.value, state.result[deep].message[:14]) == ("Failed", "RecursionError")

    def test_an_error_that_can_be_neither_shown_nor_sent_is_a_failure(self, executor):
        """Its type is named all the same."""

        @task
        def fail():
            class Odd(Exception):
                def __str__(self):
                    raise RuntimeError

                def __reduce__(self):
                    raise RuntimeError

            raise Odd

        with Flow("odd") as flow:
            odd = fail()
        state = FlowRunner(flow, executor=executor).run()
        assert state.result[odd].message.startswith("Odd <its text can't be shown: RuntimeError>")

    def test_it_survives_the_way_through_json(self, executor):
        """A run process makes the executor from flow.json."""
        again = executor_from_json(executor.to_json())
        assert (type(again), again.to_json()) == (type(executor), executor.to_json())
