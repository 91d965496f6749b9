"""Tiny models of the kinds that a reranker's name can mean, right and wrong, saved where a test wants them."""

from pathlib import Path

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] the harbour master counts boats books a lighthouse keeper of".split()
SHAPE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def saved_model(folder: Path, kind: str = "SequenceClassification", labels: int = 1) -> Path:
    """A BERT of two layers and 16 dimensions with random weights: "SequenceClassification", "MaskedLM" or "Model"."""
    import torch
    import transformers

    torch.manual_seed(7)
    name = f"Bert{kind}" if kind == "Model" else f"BertFor{kind}"
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY), max_position_embeddings=64, num_labels=labels, initializer_range=0.5, **SHAPE
    )
    getattr(transformers, name)(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def saved_bi_encoder(folder: Path) -> Path:
    """A model that embeds one text at a time, as sentence-transformers saves it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    bert = saved_model(folder / "bert", "Model")
    SentenceTransformer(modules=[Transformer(str(bert)), Pooling(16)], device="cpu").save(str(folder / "model"))
    return folder / "model"
