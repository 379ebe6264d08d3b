"""Runs after frameworks.py, in the same dictionary: models of JAX, by jax2onnx.

JAX computes by functions without a state: whatever is called here is called on copies or without leave to write, so that
nothing of the program changes.
"""
import functools

# Arguments that tell a call that nothing is learnt by it.
AT_REST = {
    "train": False,
    "training": False,
    "is_training": False,
    "deterministic": True,
    "inference": True,
    "use_running_average": True,
    "key": None,
}


def derives(value, *places):
    return any(kind.__module__.startswith(places) for kind in type(value).__mro__)


def is_jax_function(value):
    """A function that was asked about by its own expression: compiled, written or partly applied."""
    if "jax" not in sys.modules:
        return False
    compiled = type(value).__module__.split(".")[0] in ("jax", "jaxlib") and hasattr(value, "lower")
    return compiled or isinstance(value, (types.FunctionType, types.MethodType, functools.partial))


def is_train_state(value):
    """Flax' holder of a module's function and weights."""
    return derives(value, "flax.training.train_state") and hasattr(value, "apply_fn")


def at_rest(call):
    try:
        names = inspect.signature(call).parameters
    except (TypeError, ValueError):
        return {}
    return {name: value for name, value in AT_REST.items() if name in names}


def weights_of_state(state):
    variables = {"params": state.params}
    if getattr(state, "batch_stats", None):
        variables["batch_stats"] = state.batch_stats
    return variables


def is_mapping(value):
    return isinstance(value, collections.abc.Mapping)


def weights_in(scopes, module):
    """What a module of flax.linen may be applied with, among the variables in scope."""
    for space in scopes:
        values = list(space.items())
        for _, value in values:
            if is_train_state(value) and getattr(value.apply_fn, "__self__", None) == module:
                yield weights_of_state(value)
        for _, value in values:
            if is_mapping(value) and "params" in value:
                yield value
        if is_mapping(space.get("params")):
            more = {name: space[name] for name in ("batch_stats",) if is_mapping(space.get(name))}
            yield {"params": space["params"], **more}


def applied(apply, weights, settings):
    return lambda given: apply(weights, given, **settings)


def calls_of(model, scopes):
    """Functions of the input alone that the model may be meant as, the likeliest first."""
    jax = sys.modules["jax"]
    if derives(model, "flax.nnx"):
        twin = sys.modules["flax.nnx"].clone(model)
        twin.eval()
        settings = at_rest(type(model).__call__)
        yield lambda given: twin(given, **settings)
    elif is_train_state(model):
        module = getattr(model.apply_fn, "__self__", None)
        yield applied(model.apply_fn, weights_of_state(model), {} if module is None else at_rest(type(module).__call__))
    elif derives(model, "flax.linen"):
        found = list(weights_in(scopes, model))
        if model.scope is not None:
            model, bound = model.unbind()
            found.insert(0, bound)
        if not found:
            raise Refusal(
                "NO_WEIGHTS",
                f"{type_name(model)} holds no weights, and no variable in scope does: keep them as `variables`, as `params` "
                "or in a TrainState, or explain an expression such as `lambda x: model.apply(variables, x)`",
            )
        settings = at_rest(type(model).__call__)
        for weights in found:
            yield applied(model.apply, weights, settings)
    else:
        settings = at_rest(type(model).__call__ if derives(model, "equinox") else model)
        if derives(model, "equinox"):
            model = sys.modules["equinox"].nn.inference_mode(model)

        def call(given):
            return model(given, **settings)

        yield call
        # Written for one item, as modules of equinox are.
        yield jax.vmap(call)


def by_jax2onnx(model, shape, scopes):
    import jax
    import jax2onnx

    given = jax.ShapeDtypeStruct(tuple(shape), "float32")
    first = None
    for call in calls_of(model, scopes):
        go_on()
        try:
            jax.eval_shape(call, given)
        except Exception as error:
            first = first or error
            continue
        return jax2onnx.to_onnx(call, [given], opset=OPSET, input_names=["input"], output_names=["output"])
    text = " ".join(text_of(first).split())[:MESSAGE]
    raise Refusal("MODULE_NOT_RUN", f"{type_name(model)} does not take the input: {text}")
