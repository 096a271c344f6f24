// keys.find: which of several keys fits which of the stored secrets.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/keys/key_contest.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/keys.h"
#include "runtime/primitives/keys_stored.h"

namespace playbook {
namespace {

struct Offer {
  std::string key;  // of its scheme, "" where the scheme has but one
  Json secret;
};

std::vector<Offer> offers_of(const Json& args) {
  std::vector<Offer> offers;
  for (const Json& item : args.at("offers")) {
    const Json secret = get_or<Json>(item, "secret", nullptr), key = get_or<Json>(item, "key", "");
    if (!is_secret(secret) || !key.is_string())
      throw Error(Code::argument_invalid, "an offer must be {secret=secret reference, key=name of the key in its scheme?}");
    offers.push_back({key, secret});
  }
  return offers;
}

// Secrets that are offered for one key of a scheme, by their number from 1.
std::vector<int> offered_for(const Scheme& scheme, const std::string& key, const std::vector<Offer>& offers) {
  const std::vector<KeyText> keys = scheme.keys();
  const auto required = std::count_if(keys.begin(), keys.end(), [](const KeyText& one) { return one.required; });
  std::vector<int> numbers;
  for (size_t i = 0; i < offers.size(); ++i)
    if (offers[i].key == key || (offers[i].key.empty() && required == 1)) numbers.push_back(static_cast<int>(i) + 1);
  return numbers;
}

class KeysFind : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    KeyringReader reader(context, schemes_);
    const std::vector<Offer> offers = offers_of(args);
    Json found = Json::array();
    for (const Json& keyring : keyrings(args)) {
      Keyring present = reader.open(keyring);
      KeyContest contest(*present.scheme);
      enter_all(context, contest, present, offers);
      read_stored(context, keyring["stored"], [&](const StoredValue& value) { contest.add(value); });
      found.push_back(contest.result());
    }
    return found;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    std::vector<std::string> things;
    for (const Json& keyring : keyrings(args)) {
      for (std::string& thing : stored_touches(context, keyring["stored"])) things.push_back(std::move(thing));
      if (keyring.contains("service")) things.push_back(project_thing(context, keyring["service"]));
    }
    return things;
  }

 private:
  static std::vector<Json> keyrings(const Json& args) {
    std::vector<Json> all = keyrings_of(args);
    for (const Json& keyring : all) check_stored(get_or<Json>(keyring, "stored", nullptr));
    return all;
  }

  // Every required key as it is or as it is offered, in every combination; what is in use comes first.
  static void enter_all(Context& context, KeyContest& contest, const Keyring& present, const std::vector<Offer>& offers) {
    struct Partly {
      Json choice = Json::object();
      KeyTexts texts;
    };
    std::vector<Partly> all(1);
    all[0].texts = copy_of(present.texts);
    for (const KeyText& key : present.scheme->keys()) {
      if (!key.required) continue;
      std::vector<Partly> more;
      for (int number : offered_for(*present.scheme, key.name, offers)) {
        std::string text = context.open_secret(offers[static_cast<size_t>(number) - 1].secret);
        for (const Partly& one : all) {
          more.push_back({one.choice, copy_of(one.texts)});
          more.back().choice[key.name] = number;
          more.back().texts[key.name] = SecretBytes(text);
        }
        SecretBytes::wipe(text);
        if (all.size() + more.size() > KeyContest::kMostCandidates) break;  // one too many is refused below
      }
      if (!present.texts.contains(key.name)) all.clear();
      std::move(more.begin(), more.end(), std::back_inserter(all));
    }
    for (Partly& one : all) contest.enter(std::move(one.choice), std::move(one.texts));
  }

  const SchemeRegistry schemes_;
  const Declaration declaration_{
      .name = "keys.find",
      .kind = Kind::read,
      .summary = "Finds which of several keys open what is stored: those that are in use, and those that are offered in their place.",
      .parameters = {kKeyringsParameter,
                     {"offers", Type::list, "{secret=secret reference, key=its name in the scheme, where the scheme has several?} each",
                      true, nullptr}},
      .returns = "table[]",
      .returns_help =
          "for each keyring {scheme, tried, candidates, best={choice, opened}?, tied, others={choice, values, rows}[], none={values, "
          "rows}}; "
          "a choice maps names of keys to numbers of offers, and is empty for what is in use",
      .errors = {"argument.invalid", "unsupported", "secret.missing", "postgres.failed", "postgres.locked", "process.missing",
                 "backup.corrupt", "cancelled"},
      .example = "keys.find(app.keyrings, {{secret=secret.file(\"old.key\")}})[1].best --> {choice={key=1}, opened=42}",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_keys_find() { return std::make_unique<KeysFind>(); }

}  // namespace playbook
