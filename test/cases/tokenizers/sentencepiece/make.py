"""Small SentencePiece models, and what the library itself makes of some texts.

    pip install sentencepiece==0.2.3 protobuf==7.36.2 && python make.py
"""
import contextlib
import io
import json
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

HERE = Path(__file__).parent
LINES = [
    "The crew was kind and the cabin was clean.",
    "The seats were small, but the café served coffee at 7:30!",
    "Unhappily, nobody answered the unanswered questions about delays.",
    "Ein schöner Flug über die Straße nach Köln.",
    "naïve façade, coöperation; re-entry isn't easy.",
    "東京タワーは高い。 東京は広い。",
    "def f(x):    return x  # a comment",
] * 6
TEXTS = [
    "The café was unclean.",
    "  Nobody   answered\nthe QUESTIONS!  ",
    "Straße über 日本 naïve",
    "ｆｕｌｌ－ｗｉｄｔｈ ＣＡＢＩＮ　クリーン ㍿ ㌔ ﬁne ½",
    "crew 🙂👩‍👩‍👧 kind🎉",
    "cafe\u0301 e\u0301\u0302 n\u0303 \u0301x",
    "tab\there\r\nline\u00a0nbsp\u200bzero\u0000nul\ufeff",
    "▁already▁marked <s> </s> <unk> <0x41>",
    "<mask>The<mask> crew<sep>, <mask >",
    "    indented    twice",
    "ΑΒΓ ЖЗИ क्षि ไทย",
    "aaaaaaaaaaaa isn'tisn't",
    " ",
    "",
    "\ud7ff\ue000\U0010ffff",
    "The crew answered the questions about the small cabin and the clean seats. " * 3,
]
# A small table of replacements: what goes, what becomes longer or shorter, what is taken together.
RULES = {"A": "a", "B": "b", "T": "t", "S": "s", "E": "e", "Q": "QU", "\u3000": " ", "\t": " ", "\n": " ", "\r": "", "ß": "ss", "½": "1/2",
         "e\u0301": "é", "e\u0301\u0302": "ê", "\U0001f642": ":) ", "\u200d": ""}
MODELS = {
    "unigram": dict(model_type="unigram", vocab_size=130),
    "unigram-bytes": dict(rules=True, model_type="unigram", vocab_size=380, byte_fallback=True, character_coverage=0.98,
                          user_defined_symbols=["<mask>", "<sep>", "crew"], pad_id=3),
    "unigram-plain": dict(model_type="unigram", vocab_size=120, normalization_rule_name="identity", add_dummy_prefix=False,
                          remove_extra_whitespaces=False, unk_id=2, bos_id=0, eos_id=1, control_symbols=["<cls>"]),
    "unigram-folded": dict(unused=["were", "and▁", "nd▁"], model_type="unigram", vocab_size=110, rules=True, treat_whitespace_as_suffix=True),
    "bpe": dict(rules=True, unused=["an", "tion", "▁the", "▁th", "er"], model_type="bpe", vocab_size=130),
    "bpe-bytes": dict(model_type="bpe", vocab_size=400, byte_fallback=True, normalization_rule_name="identity",
                      remove_extra_whitespaces=False, character_coverage=0.98, allow_whitespace_only_pieces=True,
                      split_digits=True, user_defined_symbols=["<mask>", "<sep>"]),
    "words": dict(rules=True, model_type="word", vocab_size=40),
    "characters": dict(rules=True, model_type="char", vocab_size=60, character_coverage=0.98),
}

def written_rules():
    points = lambda text: " ".join(f"{ord(c):X}" for c in text)
    Path("rules.tsv").write_text("".join(f"{points(source)}\t{points(target)}\n" for source, target in RULES.items()))
    return {"normalization_rule_tsv": "rules.tsv"}


for name, options in MODELS.items():
    written = io.BytesIO()
    unused = options.pop("unused", [])
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        rules = written_rules() if options.pop("rules", False) else {}
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(LINES), model_writer=written, hard_vocab_limit=False,
                                                 minloglevel=2, num_threads=1, **options, **rules)
    model = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
    for piece in model.pieces:
        if piece.piece in unused:
            piece.type = piece.UNUSED
    content = model.SerializeToString()
    (HERE / f"{name}.model").write_bytes(content)
    processor = sentencepiece.SentencePieceProcessor(model_proto=content)
    expected = []
    for text in TEXTS:
        found = processor.encode(text, return_type="proto")
        # Offsets count bytes of UTF-8.
        expected.append({
            "text": text,
            "ids": [piece.id for piece in found.pieces],
            "offsets": [[piece.begin, piece.end] for piece in found.pieces],
            "decoded": processor.decode([piece.id for piece in found.pieces]),
        })
    content = {"size": processor.vocab_size(), "texts": expected}
    (HERE / f"{name}.expected.json").write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
