"""
The other side of the comparison. Reads requests, a line of JSON each, and answers each with a line: explains once by
one package, tells how long that took, and writes the map where it is asked to.

    {"method": "captum/gradient", "out": "map.npy"}  ->  {"ms": 123.4}
"""

import json
import sys
import time
import warnings

import numpy as np
import torch

from networks import load, with_own_activations, without_normalisation

warnings.filterwarnings("ignore")


class Peers:
    def __init__(self, setting):
        torch.set_num_threads(setting["threads"])
        torch.manual_seed(0)
        self.setting = setting
        self.network, self.layer = load(setting["model"], setting["architecture"])
        self.x = torch.from_numpy(np.load(setting["input"]))
        self.target = setting["target"]
        self.made = {}

    def prepared(self, method):
        """What explains once; importing a package is no part of that."""
        if method not in self.made:
            package, name = method.split("/")
            self.made[method] = getattr(self, package)(name)
        return self.made[method]

    def torch(self, name):
        network = without_normalisation(self.network) if name.endswith("-folded") else self.network

        def forward():
            with torch.inference_mode():
                return network(self.x).numpy()

        def gradient():
            x = self.x.clone().requires_grad_()
            return torch.autograd.grad(network(x)[0, self.target], x)[0].numpy()

        return forward if name.startswith("forward") else gradient

    def captum(self, name):
        from captum import attr

        x, target, layer, setting = self.x, self.target, self.layer, self.setting
        network = with_own_activations(self.network) if name in ("deeplift", "guided-backprop", "deconvnet") else self.network
        window = setting["window"]

        def class_map():
            raw = attr.LayerGradCam(network, layer).attribute(x, target)
            attr.LayerAttribution.interpolate(torch.relu(raw), tuple(x.shape[2:]), "bilinear")
            return raw

        calls = {
            "gradient": lambda: attr.Saliency(network).attribute(x, target, abs=False),
            "integrated-gradients": lambda: attr.IntegratedGradients(network).attribute(
                x, 0, target, n_steps=50, method="gausslegendre", internal_batch_size=setting["batch"]
            ),
            "smoothgrad": lambda: attr.NoiseTunnel(attr.Saliency(network)).attribute(
                x,
                nt_type="smoothgrad",
                nt_samples=setting["noisy"],
                nt_samples_batch_size=setting["batch"],
                stdevs=setting["sigma"],
                target=target,
                abs=False,
            ),
            "guided-backprop": lambda: attr.GuidedBackprop(network).attribute(x, target),
            "deconvnet": lambda: attr.Deconvolution(network).attribute(x, target),
            "deeplift": lambda: attr.DeepLift(network).attribute(x, 0, target),
            "grad-cam": class_map,
            "occlusion": lambda: attr.Occlusion(network).attribute(
                x,
                sliding_window_shapes=(x.shape[1], window, window),
                strides=(x.shape[1], window, window),
                target=target,
                baselines=0,
                perturbations_per_eval=setting["batch"],
            ),
        }
        return lambda: calls[name]().detach().numpy()

    def grad_cam(self, name):
        import pytorch_grad_cam as package
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        kinds = {
            "grad-cam": package.GradCAM,
            "grad-cam++": package.GradCAMPlusPlus,
            "xgrad-cam": package.XGradCAM,
            "hires-cam": package.HiResCAM,
            "layer-cam": package.LayerCAM,
            "eigen-cam": package.EigenCAM,
            "ablation-cam": package.AblationCAM,
            "score-cam": package.ScoreCAM,
        }
        raw = []

        class Kept(kinds[name]):
            """The package scales what it returns; agreement is told before that."""

            def get_cam_image(self, *args, **options):
                raw[:] = [super().get_cam_image(*args, **options)]
                return raw[0]

        cam = Kept(model=self.network, target_layers=[self.layer])
        if hasattr(cam, "batch_size"):
            cam.batch_size = 32
        targets = [ClassifierOutputTarget(self.target)]

        def call():
            cam(input_tensor=self.x, targets=targets)
            return np.asarray(raw[0])

        return call

    def zennit(self, name):
        from zennit import composites
        from zennit.attribution import Gradient
        from zennit.torchvision import ResNetCanonizer

        kind = {
            "lrp-epsilon-plus": composites.EpsilonPlus,
            "lrp-epsilon-alpha2beta1-flat": composites.EpsilonAlpha2Beta1Flat,
        }[name]
        canonizers = [ResNetCanonizer()] if self.setting["architecture"] == "resnet50" else []
        attributor = Gradient(self.network, kind(canonizers=canonizers))

        def logit(output):
            relevance = torch.zeros_like(output)
            relevance[0, self.target] = output[0, self.target].detach()
            return relevance

        def call():
            # Rules are put on the network and taken off again.
            with attributor:
                return attributor(self.x, logit)[1].detach().numpy()

        return call

    def scores(self, inputs):
        with torch.inference_mode():
            parts = torch.from_numpy(inputs).split(self.setting["batch"])
            return torch.cat([self.network(part) for part in parts]).numpy()

    def shap(self, name):
        from shap import KernelExplainer

        segments = np.load(self.setting["few"]).astype(int)
        count = segments.max() + 1
        x = self.x.numpy()

        def score(coalitions):
            shown = np.stack([x[0] * row[segments] for row in coalitions]).astype(np.float32)
            return self.scores(shown)[:, self.target]

        def call():
            explainer = KernelExplainer(score, np.zeros((1, count)))
            values = explainer.shap_values(np.ones((1, count)), nsamples=2**count - 2, l1_reg=False, silent=True)
            return values[0][segments].astype(np.float32)

        return call

    def lime(self, name):
        from lime.lime_image import LimeImageExplainer

        segments = np.load(self.setting["segments"]).astype(int)
        picture = self.x[0].permute(1, 2, 0).numpy().copy()

        def call():
            explainer = LimeImageExplainer(random_state=0)
            explanation = explainer.explain_instance(
                picture,
                lambda batch: self.scores(np.ascontiguousarray(batch.transpose(0, 3, 1, 2), dtype=np.float32)),
                labels=(self.target,),
                top_labels=None,
                hide_color=None,
                num_samples=self.setting["coalitions"],
                batch_size=self.setting["batch"],
                segmentation_fn=lambda _: segments,
                random_seed=0,
            )
            weights = np.zeros(segments.max() + 1, np.float32)
            for feature, weight in explanation.local_exp[self.target]:
                weights[feature] = weight
            return weights[segments]

        return call


def lime_draws(count, features):
    """The combinations that lime draws from its first random numbers, all shown first."""
    draws = np.random.RandomState(0).randint(0, 2, count * features).reshape(count, features)
    draws[0] = 1
    return draws.astype(np.float32)


def serve():
    answers = sys.stdout
    # Packages print, too.
    sys.stdout = sys.stderr
    peers = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "setting" in request:
                peers = Peers(request["setting"])
                answer = {"versions": versions()}
            elif "draws" in request:
                np.save(request["out"], lime_draws(*request["draws"]))
                answer = {}
            else:
                explain = peers.prepared(request["method"])
                start = time.perf_counter()
                found = explain()
                answer = {"ms": 1000 * (time.perf_counter() - start)}
                if "out" in request:
                    np.save(request["out"], np.ascontiguousarray(found, dtype=np.float32))
        except Exception as error:  # The other side says where.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def versions():
    from importlib.metadata import version

    names = ["torch", "captum", "zennit", "grad-cam", "shap", "lime"]
    return {name: version(name).split("+")[0] for name in names}


if __name__ == "__main__":
    serve()
