"""Runs after view.py, in the same dictionary: the kernel of a notebook is asked, whose names stay as they are."""


def ask(ticket, work, names, arguments):
    """Evaluates the arguments among the notebook's names, does the work and packs the answer.

    Nothing that is raised reaches the kernel, which would keep it as the last error.
    """
    values, text = [], ""
    try:
        for argument in arguments:
            text = argument.get("expression", "")
            values.append(eval(text, names) if text else argument["data"])
        return answer(ticket, work, *values)
    except KeyboardInterrupt:
        return packed({"error": {"code": "CANCELLED", "message": "the request was cancelled"}})
    except (NameError, AttributeError, LookupError) as error:
        return packed({"error": {"code": "VARIABLE_GONE", "message": f"{text} is not there: {text_of(error)}"}})
    except BaseException as error:
        message = f"{text} could not be evaluated: {text_of(error)}"
        return packed({"error": {"code": "EVALUATION_FAILED", "message": message}})
