"""A kernel for tests: one JSON line in for the code to run, one for each output, one when it is done."""
import contextlib
import io
import json
import sys
import traceback
import types

names = {"__name__": "__main__", "__builtins__": __builtins__}
answers = sys.stdout


def put_out(mime, text):
    answers.write(json.dumps({"mime": mime, "text": text}) + "\n")
    answers.flush()


def display(data, raw=False):
    for mime, text in data.items():
        put_out(mime, text)


shown = types.ModuleType("IPython.display")
shown.display = display
package = types.ModuleType("IPython")
package.display = shown
sys.modules.update({"IPython": package, "IPython.display": shown})

for line in sys.stdin:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(json.loads(line), "<cell>", "exec"), names)
    except Exception as error:
        sys.last_value = error
        told = {"name": type(error).__name__, "message": str(error), "stack": traceback.format_exc()}
        put_out("application/vnd.code.notebook.error", json.dumps(told))
    if printed.getvalue():
        put_out("application/vnd.code.notebook.stdout", printed.getvalue())
    put_out("done", "")
