from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from kgreason import storage
from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.backbone import Backbone, base_digest, find_base, hidden_size, load_base, load_tokenizer
from kgreason.nn.batch import Collator, RelationNames
from kgreason.nn.lora import adapted
from kgreason.nn.state import CognitiveState
from kgreason.records import Question
from tests.formula import LORA, QUESTIONS, close, items


@pytest.fixture(params=["encoder", "decoder"])
def backbone(request, tiny_base, tiny_decoder) -> Backbone:
    folder = str(tiny_base if request.param == "encoder" else tiny_decoder)
    return Backbone(load_base(folder), load_tokenizer(folder)).eval()


def encode(backbone, texts):
    made = backbone.tokenizer(texts, padding=True, return_tensors="pt", return_token_type_ids=True)
    with torch.no_grad():
        return backbone.encode(made["input_ids"], made["attention_mask"], made["token_type_ids"]), made


class TestFinding:
    def test_a_packaged_base_is_found_without_importing_its_package(self):
        place = Path(find_base("all-MiniLM-L6-v2"))
        assert (place / "model.safetensors").is_file()
        assert base_digest("all-MiniLM-L6-v2") == storage.digest(place / "model.safetensors")

    def test_a_folder_is_itself_and_a_hub_name_stays(self, tiny_base):
        assert find_base(str(tiny_base)) == str(tiny_base)
        assert find_base("someone/some-model") == "someone/some-model"
        assert base_digest("someone/some-model") == ""

    @pytest.mark.parametrize("name", ["someone/some-model", "no-such-model"])
    def test_out_of_reach(self, name):
        for read in (load_base, load_tokenizer):
            with pytest.raises(CheckpointError, match=f"base model '{name}' cannot be loaded.*all-MiniLM-L6-v2"):
                read(name)

    @pytest.mark.parametrize(
        ("spoil", "read"),
        [
            (lambda folder: (folder / "model.safetensors").unlink(), load_base),
            (lambda folder: (folder / "model.safetensors").write_bytes(b"\x07" * 99), load_base),
            (lambda folder: (folder / "config.json").unlink(), load_base),
            (lambda folder: (folder / "config.json").write_text("{"), load_base),
            (lambda folder: (folder / "tokenizer.json").write_text("{}"), load_tokenizer),
            (lambda folder: (folder / "tokenizer.json").write_text("{"), load_tokenizer),
        ],
    )
    def test_a_broken_folder(self, tiny_base, tmp_path, spoil, read):
        folder = tmp_path / "base"
        shutil.copytree(tiny_base, folder)
        spoil(folder)
        with pytest.raises(CheckpointError, match=r"base model .* cannot be loaded"):
            read(str(folder))


class TestTokenizer:
    def test_it_pads_at_the_end_whatever_its_files_say(self, tiny_base, tmp_path):
        tokenizer = load_tokenizer(str(tiny_base))
        tokenizer.padding_side = "left"
        tokenizer.save_pretrained(tmp_path)
        shutil.copy(tiny_base / "config.json", tmp_path)
        made = load_tokenizer(str(tmp_path))(["a", "a b c"], padding=True)
        assert made["attention_mask"][0][0] == 1
        assert made["attention_mask"][0][-1] == 0

    def test_without_a_padding_token_the_end_token_pads(self, tiny_decoder, tmp_path):
        tokenizer = load_tokenizer(str(tiny_decoder))
        tokenizer.pad_token, tokenizer.eos_token = None, "[SEP]"
        tokenizer.save_pretrained(tmp_path)
        shutil.copy(tiny_decoder / "config.json", tmp_path)
        assert load_tokenizer(str(tmp_path)).pad_token == "[SEP]"


class TestStates:
    def test_neighbours_do_not_matter_and_padding_is_zero(self, backbone):
        texts = [" ".join(["penguin"] * (1 + 7 * i % 23)) for i in range(37)]
        together, made = encode(backbone, texts)
        assert together.shape == (37, made["input_ids"].shape[1], backbone.width)
        assert not together[made["attention_mask"] == 0].any()
        for i in (0, 5, 11, 36):
            alone, _ = encode(backbone, [texts[i]])
            close(together[i, : alone.shape[1]], alone[0])

    def test_states_are_those_of_the_model_itself(self, backbone):
        states, made = encode(backbone, ["a penguin swims"])
        types = {"token_type_ids": made["token_type_ids"]} if backbone._has_types else {}
        with torch.no_grad():
            plain = backbone.model(input_ids=made["input_ids"], attention_mask=made["attention_mask"], **types)
        assert torch.equal(states, plain.last_hidden_state)

    def test_tokens_stand_by_sequence(self, backbone):
        batch = Collator(backbone.tokenizer, RelationNames(), max_length=32)(items(None))
        with torch.no_grad():
            tokens = backbone(CognitiveState(batch)).tokens
        assert tokens.shape == (len(batch.sequence_text), batch.input_ids.shape[1], 32)
        same = batch.sequence_text == batch.sequence_text[0]
        assert torch.equal(tokens[same], tokens[0].expand(int(same.sum()), -1, -1))
        assert batch.num_questions == len(QUESTIONS)

    def test_shifted_embeddings_move_their_own_text_alone(self, backbone):
        batch = Collator(backbone.tokenizer, RelationNames(), max_length=32)(
            [(question, None) for question in QUESTIONS]
        )
        texts = (batch.input_ids, batch.attention_mask, batch.token_type_ids)
        words = backbone.words(batch.input_ids)
        shift = torch.zeros_like(words)
        with torch.no_grad():
            plain, relations = backbone(CognitiveState(batch)).tokens, backbone.relation_states(["IsA"])[0]
            with backbone.shifted(shift):
                assert torch.equal(backbone(CognitiveState(batch)).tokens, plain)
            shift[1, 0] = 1.0
            with backbone.shifted(shift):
                moved = backbone(CognitiveState(batch)).tokens
                assert torch.equal(backbone.words(batch.input_ids), words)
                backbone._relations = {}
                assert torch.equal(backbone.relation_states(["IsA"])[0], relations)
            assert torch.equal(backbone(CognitiveState(batch)).tokens, plain)
        changed = (moved != plain).flatten(1).any(1)
        assert torch.equal(changed, batch.sequence_text == 1)
        assert torch.equal(backbone.encode(*texts, torch.zeros_like(shift)), backbone.encode(*texts))

    def test_a_processor_that_multiplies_in_no_half_precision_is_spared_it(self, backbone, monkeypatch):
        monkeypatch.setattr("kgreason.nn.backbone.has_bfloat16", lambda device: device != "cpu")
        full, _ = encode(backbone, ["a penguin swims"])
        backbone.autocast = torch.bfloat16
        assert backbone.autocast is None
        assert torch.equal(encode(backbone, ["a penguin swims"])[0], full)

    @pytest.mark.usefixtures("bfloat16")
    def test_mixed_precision_hands_on_full_precision(self, backbone):
        full, _ = encode(backbone, ["a penguin swims"])
        backbone.autocast = torch.bfloat16
        half, _ = encode(backbone, ["a penguin swims"])
        assert half.dtype == torch.float32
        assert not torch.equal(half, full)
        close(half, full, 0.1)

    def test_width(self, backbone):
        assert hidden_size(backbone.model) == backbone.width == 32
        assert backbone.positions == 128

    def test_positions_that_stand_for_padding_read_nothing(self, tiny_base, tmp_path):
        sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
        config = RobertaConfig(vocab_size=31, max_position_embeddings=19, pad_token_id=1, **sizes)
        made = Backbone(RobertaModel(config, add_pooling_layer=False), load_tokenizer(str(tiny_base))).eval()
        assert made.positions == 17
        ids = torch.full((1, 17), 5)
        assert made.encode(ids, torch.ones_like(ids), torch.zeros_like(ids)).isfinite().all()
        adapted_ = Backbone(adapted(made.model, LORA), made.tokenizer)
        assert adapted_.positions == 17


NAMES = ["IsA", "AtLocation", "LivesNear"]


class TestRelationStates:
    def test_one_row_a_direction(self, backbone):
        states, words = backbone.relation_states(NAMES)
        assert states.shape == (6, 32)
        for row, phrase in ((0, "is a"), (5, "lives near of")):
            found, made = encode(backbone, [phrase])
            close(states[row], found[0].sum(0) / made["attention_mask"].sum())
        assert not states.requires_grad
        assert words.shape == (6, 32)
        assert not words.requires_grad

    def test_words_are_those_of_the_text_alone(self, backbone):
        own = backbone.tokenizer("is a", add_special_tokens=False, return_tensors="pt")["input_ids"][0]
        close(backbone.relation_states(NAMES)[1][0], backbone.words(own).mean(0))

    def test_no_names(self, backbone):
        assert [part.shape for part in backbone.relation_states([])] == [(0, 32)] * 2

    def test_training_neither_drops_from_them_nor_draws(self, tiny_base):
        made = Backbone(load_base(str(tiny_base)), load_tokenizer(str(tiny_base)))
        before = made.eval().relation_states(NAMES)[0]
        made.train()
        state = torch.get_rng_state()
        assert torch.equal(made.relation_states(NAMES)[0], before)
        assert torch.equal(torch.get_rng_state(), state)
        assert all(module.training for module in made.modules())

    @pytest.mark.usefixtures("bfloat16")
    def test_they_are_kept_while_nothing_changes(self, backbone):
        first = backbone.relation_states(NAMES)[0]
        assert torch.equal(backbone.relation_states(NAMES)[0], first)
        longer = backbone.relation_states(["HasA", *NAMES])[0]
        assert torch.equal(longer[2:], first)
        close(longer[:2], backbone.relation_states(["HasA"])[0])
        backbone.autocast = torch.bfloat16
        assert not torch.equal(backbone.relation_states(NAMES)[0], first)

    @pytest.mark.parametrize("lora", [True, False])
    def test_they_follow_a_model_that_learns(self, tiny_base, lora):
        model = load_base(str(tiny_base))
        made = Backbone(adapted(model, LORA) if lora else model, load_tokenizer(str(tiny_base))).train()
        before = made.relation_states(NAMES)[0]
        with torch.no_grad():
            for parameter in made.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.1)
        assert not torch.equal(made.relation_states(NAMES)[0], before)
        evaluated = made.eval().relation_states(NAMES)[0]
        assert torch.equal(made.relation_states(NAMES)[0], evaluated)
        made.train()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.add_(0.1)
        assert not torch.equal(made.eval().relation_states(NAMES)[0], evaluated)

    def test_a_model_that_could_learn_is_read_once_for_all_answers(self, backbone):
        assert backbone.learns
        backbone.eval().relation_states(NAMES)
        kept = backbone._relations[NAMES[0]]
        backbone.eval().relation_states(NAMES)
        assert backbone._relations[NAMES[0]] is kept

    def test_a_frozen_model_is_read_once_for_all_steps(self, tiny_base):
        made = Backbone(load_base(str(tiny_base)).requires_grad_(False), load_tokenizer(str(tiny_base)))
        with torch.inference_mode():  # as a dev report does
            first = made.eval().relation_states(NAMES)[0]
        again = made.train().relation_states(NAMES)[0]
        assert torch.equal(again, first)
        weight = torch.ones(32, requires_grad=True)
        (again @ weight).sum().backward()
        assert weight.grad is not None


class TestRemember:
    def batch(self, tokenizer, *texts):
        collate = Collator(tokenizer, RelationNames(), max_length=32)
        return collate([(Question(text, ("a zoo", "an oven")), None) for text in texts])

    def test_what_is_kept_is_what_is_read(self, tiny_base):
        made = Backbone(load_base(str(tiny_base)).requires_grad_(False), load_tokenizer(str(tiny_base))).eval()
        known, mixed = self.batch(made.tokenizer, "why is it so?"), self.batch(made.tokenizer, "why?", "why is it so?")
        expected = made(CognitiveState(mixed)).tokens
        assert made.remember(known) > 0
        assert made.remember(known) == 0
        tokens = made(CognitiveState(mixed)).tokens
        close(tokens, expected, 2e-3)
        made.forget()
        assert torch.equal(made(CognitiveState(mixed)).tokens, expected)

    def test_a_model_that_learns_keeps_nothing(self, tiny_base):
        made = Backbone(load_base(str(tiny_base)), load_tokenizer(str(tiny_base)))
        with pytest.raises(ConfigError, match=r"M learns.*Freeze backbone"):
            made.remember(self.batch(made.tokenizer, "why?"))

    def test_a_fixed_model_drops_nothing_out(self, tiny_base):
        made = Backbone(load_base(str(tiny_base)).requires_grad_(False), load_tokenizer(str(tiny_base))).train()
        assert not any(module.training for module in made.model.modules())


@pytest.mark.usefixtures("bfloat16")
class TestCast:
    @pytest.mark.parametrize("tuned", [False, True])
    def test_states_are_the_same_and_weights_come_back(self, tiny_base, tuned):
        model = load_base(str(tiny_base))
        backbone = Backbone(adapted(model, LORA) if tuned else model, load_tokenizer(str(tiny_base))).eval()
        backbone.autocast = torch.bfloat16
        weights = {name: weight.clone() for name, weight in backbone.named_parameters()}
        plain, _ = encode(backbone, ["a dog", "where is the zoo?"])
        with backbone.cast():
            assert any(weight.dtype == torch.bfloat16 for weight in backbone.parameters())
            cast, _ = encode(backbone, ["a dog", "where is the zoo?"])
        assert torch.equal(cast, plain)
        assert all(torch.equal(weight, weights[name]) for name, weight in backbone.named_parameters())

    def test_an_adapter_learns_as_it_would_have_while_the_rest_is_cast(self, tiny_base):
        torch.manual_seed(0)
        backbone = Backbone(adapted(load_base(str(tiny_base)), LORA), load_tokenizer(str(tiny_base))).eval()
        backbone.autocast = torch.bfloat16
        learning = {name: weight for name, weight in backbone.named_parameters() if weight.requires_grad}
        made = backbone.tokenizer(["a dog"], return_tensors="pt", return_token_type_ids=True)

        def gradients():
            backbone.encode(made["input_ids"], made["attention_mask"], made["token_type_ids"]).pow(2).sum().backward()
            found = {name: weight.grad for name, weight in learning.items()}
            backbone.zero_grad()
            return found

        plain = gradients()
        with backbone.cast(training=True):
            assert all(weight.dtype == torch.float32 for weight in learning.values())
            assert any(weight.dtype == torch.bfloat16 for weight in backbone.parameters())
            cast = gradients()
        assert plain.keys() == cast.keys()
        assert all(torch.equal(cast[name], plain[name]) for name in plain)

    def test_weights_come_back_after_an_error(self, backbone):
        backbone.autocast = torch.bfloat16
        with pytest.raises(ZeroDivisionError), backbone.cast():
            raise ZeroDivisionError
        assert all(weight.dtype == torch.float32 for weight in backbone.parameters())

    def test_without_autocast_nothing_is_cast(self, backbone):
        with backbone.cast():
            assert all(weight.dtype == torch.float32 for weight in backbone.parameters())
