"""How often the right chunk is found on the sample questions: dense only, keyword only, fused."""

from benchmarks.empty_library import empty_library
from evaluation.quality import retrieval_quality
from evaluation.samples import sample_files, sample_questions


def main() -> None:
    """Prints recall@5, MRR@10 and nDCG@10 by ranking and by kind of question."""
    questions = sample_questions()
    with empty_library() as library:
        for path in sample_files():
            library.add(path.name, path.read_bytes())
        documents, chunks, _ = library.catalogue.counts()
        answerable = [question for question in questions if question.references]
        print(f"{documents} sample documents, {chunks} chunks, {len(answerable)} answerable questions\n")
        print("| questions | n | ranking | recall@5 | MRR@10 | nDCG@10 |\n|---|---|---|---|---|---|")
        for kind in [None, *dict.fromkeys(question.kind for question in answerable)]:
            chosen = [question for question in answerable if kind in (None, question.kind)]
            for source, metrics in retrieval_quality(library, chosen, library.settings).items():
                figures = " | ".join(f"{metrics[name]:.3f}" for name in ("recall@5", "mrr@10", "ndcg@10"))
                print(f"| {kind or 'all'} | {len(chosen)} | {source} | {figures} |")


if __name__ == "__main__":
    main()
