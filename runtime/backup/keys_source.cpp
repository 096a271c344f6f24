// The source `keys`: keys, by choice, encrypted by age to recipients of their own, whatever else the set is: {type="keys",
// pieces={secret.dotenv(".env", "KEY"), secret.docker_env("docker.env", "SALT"), secret.file("settings.json")}, recipients={"age1..."},
// name="keys"}. Each piece is a part `<name>/<n>-<what>.age`; in it is the value alone, or the whole file. State: {pieces=[{secret, part,
// attributes?}]}, the attributes of whole files.
//
// In the clear they lie nowhere but in their places. A restore puts back what differs where an identity is named that opens them; without
// one it leaves the present keys as they are, and says so.
#include <map>

#include "runtime/backup/kept.h"
#include "runtime/backup/sealed.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/secret.h"
#include "runtime/base/text.h"
#include "runtime/pin/docker_env.h"
#include "runtime/pin/dotenv.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostBytes = 256u << 10;  // of a piece, well below what is kept of a child's output
constexpr const char* kMagic = "age-encryption.org/v1\n";

std::string path_of(const Json& piece) { return piece.at("path"); }
bool is_whole_file(const Json& piece) { return piece.at("source") == "file"; }
std::string what_of(const Json& piece) {
  return is_whole_file(piece) ? fs::path(path_of(piece)).filename().string() : piece.at("name").get<std::string>();
}
std::string label_of(const Json& piece) {
  return is_whole_file(piece) ? "key file " + path_of(piece) : "key " + what_of(piece) + " in " + path_of(piece);
}

/// The piece as the text of its file has it.
std::optional<SecretBytes> piece_in(const std::string& text, const Json& piece) {
  if (is_whole_file(piece)) return SecretBytes(std::string_view(text));
  const std::string name = piece.at("name");
  std::optional<std::string> value;
  if (piece.at("source") == "docker_env") {
    DockerEnv file = parse_docker_env(text, path_of(piece));
    if (auto found = file.values.find(name); found != file.values.end()) value = std::move(found->second);
  } else {
    value = Dotenv::parse(text, path_of(piece)).get(name);
  }
  return value ? std::optional(SecretBytes::taken_from(*value)) : std::nullopt;
}

bool holds(const std::optional<std::string>& text, const Json& piece, const SecretBytes& wanted) {
  const std::optional<SecretBytes> found = text ? piece_in(*text, piece) : std::nullopt;
  return found && found->view() == wanted.view();
}

/// The text with another value, which whoever reads the file reads as exactly that.
std::string with_value(const std::string& text, const Json& piece, const SecretBytes& value) {
  Dotenv file = Dotenv::parse(text, path_of(piece));
  file.set(what_of(piece), value.view());
  if (!holds(file.text(), piece, value))
    throw Error(Code::dotenv_invalid, path_of(piece) + " cannot hold the " + what_of(piece) + " of the backup set",
                "decrypt it as RESTORE.md of the set says, and put it there by hand");
  return file.text();
}

class KeysSource final : public Source {
 public:
  std::string type() const override { return "keys"; }
  bool holds_data() const override { return false; }

  Json check(const Json& spec, const fs::path& instance) const override {
    check_spec(spec, {"type", "pieces", "recipients", "name"});
    Json complete{{"type", "keys"}, {"name", get_or<std::string>(spec, "name", "keys")}, {"pieces", Json::array()}};
    const Json recipients = get_or<Json>(spec, "recipients", nullptr), pieces = get_or<Json>(spec, "pieces", nullptr);
    if (!recipients.is_array() || recipients.empty())
      throw Error(Code::argument_invalid, "source keys: recipients must be a list of public keys of age");
    check_recipients(recipients.get<std::vector<std::string>>());
    complete["recipients"] = recipients;
    if (!pieces.is_array() || pieces.empty())
      throw Error(Code::argument_invalid, "source keys: pieces must be a list of secret references");
    for (Json piece : pieces) {
      const std::string source = is_secret(piece) ? get_or<std::string>(piece, "source", "") : "";
      const bool has_name = source == "file" || get_or<Json>(piece, "name", nullptr).is_string();
      if ((source != "file" && source != "dotenv" && source != "docker_env") || !has_name ||
          !get_or<Json>(piece, "path", nullptr).is_string())
        throw Error(Code::argument_invalid, "source keys: a piece must be what secret.file, secret.dotenv or secret.docker_env gives");
      piece["path"] = absolute_below(instance, path_of(piece)).string();
      complete["pieces"].push_back(std::move(piece));
    }
    return complete;
  }

  std::string describe(const Json& spec) const override {
    std::vector<std::string> labels;
    for (const Json& piece : spec.at("pieces")) labels.push_back(label_of(piece));
    return join(labels, ", ");
  }
  std::vector<std::string> touches(const Json& spec) const override {
    std::vector<std::string> things;
    for (const Json& piece : spec.at("pieces")) things.push_back("file:" + path_of(piece));
    return things;
  }
  std::uint64_t estimate(const Json&, Work&) const override { return 0; }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    Json state{{"pieces", Json::array()}};
    for (const Json& piece : spec.at("pieces")) {
      const std::string number = std::to_string(state["pieces"].size() + 1);
      Json entry{{"secret", piece}, {"part", spec.at("name").get<std::string>() + "/" + number + "-" + what_of(piece) + ".age"}};
      if (is_whole_file(piece)) entry["attributes"] = attributes_of(path_of(piece));
      const std::optional<SecretBytes> text = piece_in(read_file(path_of(piece)), piece);
      if (!text) throw Error(Code::secret_missing, path_of(piece) + " has no " + what_of(piece));
      if (text->size() > kMostBytes) throw Error(Code::unsupported, label_of(piece) + " is larger than any key", "use the source `files`");
      auto part = writer.part(entry["part"], spec.at("name"), Encoding::plain, 0);
      part->write(sealed_text(*text, label_of(piece), spec.at("recipients"), work));
      writer.add(part->finish());
      state["pieces"].push_back(std::move(entry));
    }
    return state;
  }

  // That an identity opens them is for a rehearsal, and for a restore before it begins: one that does not is no damage.
  void verify(const Stored& stored, Work&) const override {
    for (const Json& entry : stored.source.state.at("pieces"))
      if (!begins_with(file_of(stored, entry), kMagic))
        throw Error(Code::backup_corrupt, entry.at("part").get<std::string>() + " is nothing that age has encrypted");
  }
  Json rehearse(const Stored& stored, Work& work) const override {
    verify(stored, work);
    open_all(stored, work);
    return {{"name", stored.source.name}, {"type", type()}, {"rehearsed", !work.identity().empty()}};
  }
  void check_restore(const Stored& stored, Work& work) const override { open_all(stored, work); }

  Json restore(const Stored& stored, Work& work) const override {
    Json result{{"name", stored.source.name}, {"type", type()}, {"kept", Json::array()}, {"notes", Json::array()}};
    if (work.identity().empty()) {
      result["warnings"] = {"the keys in " + stored.manifest.name +
                            " stay there, for no identity is named that opens them: " + describe(stored.source.spec) + " as it is now"};
      return result;
    }
    std::map<std::string, std::vector<Json>> files;
    for (const Json& entry : stored.source.state.at("pieces")) files[path_of(entry.at("secret"))].push_back(entry);
    for (const auto& [path, entries] : files) put_back(path, entries, stored, result, work);
    return result;
  }

  // Without an identity nothing of it can be told, and a restore would change nothing of it.
  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    std::vector<std::string> lines;
    if (work.identity().empty()) return lines;
    for (const Json& entry : stored.source.state.at("pieces")) {
      const Json& piece = entry.at("secret");
      if (!holds(try_read_file(path_of(piece)), piece, unsealed_text(file_of(stored, entry), work)))
        lines.push_back(label_of(piece) + " is another one");
    }
    return lines;
  }
  Json loss(const Stored& stored, Work& work) const override {
    Json items = Json::array();
    for (const std::string& line : differences(stored, work))
      items.push_back({{"what", line}, {"text", line}, {"added", 0}, {"removed", 0}, {"changed", 1}});
    return {{"name", stored.source.name}, {"type", type()}, {"items", items}};
  }

  std::string instructions(const Stored& stored) const override {
    std::string text = "**The keys**, each encrypted by age. Put the absolute path of a file with the key of one of the recipients into\n" +
                       std::string("   `AGE_IDENTITY`; without one this step leaves the keys as they are:\n\n```sh\n") +
                       "if test -n \"${AGE_IDENTITY:-}\"; then\n";
    std::string by_hand;
    for (const Json& entry : stored.source.state.at("pieces")) {
      const Json& piece = entry.at("secret");
      const std::string open = "age --decrypt --identity \"$AGE_IDENTITY\" ", part = shell_quoted(entry.at("part"));
      if (!is_whole_file(piece)) {
        by_hand += "   - " + label_of(piece) + ": `" + open + part + "` prints it\n";
        continue;
      }
      const std::string path = shell_quoted(path_of(piece)), fresh = shell_quoted(path_of(piece) + ".restoring");
      const Json& attributes = entry.at("attributes");
      text += "  " + open + "--output " + fresh + " " + part + "\n  chown " + std::to_string(attributes.at("uid").get<uid_t>()) + ":" +
              std::to_string(attributes.at("gid").get<gid_t>()) + " " + fresh + "\n  chmod " + attributes.at("mode").get<std::string>() +
              " " + fresh + "\n  if test -e " + path + "; then cp -p " + path + " " +
              shell_quoted(path_of(piece) + ".before-" + stored.manifest.name) + "; fi\n  mv -f " + fresh + " " + path + "\n";
    }
    return text + "  true\nfi\n```\n" + (by_hand.empty() ? "" : "\n   Single values are set by hand:\n\n" + by_hand);
  }

 private:
  static fs::path file_of(const Stored& stored, const Json& entry) { return stored.folder / entry.at("part").get<std::string>(); }

  static void open_all(const Stored& stored, Work& work) {
    if (work.identity().empty()) return;
    for (const Json& entry : stored.source.state.at("pieces")) unsealed_text(file_of(stored, entry), work);
  }

  /// All pieces of one file at once, so that it is the old one or the new one.
  static void put_back(const std::string& path, const std::vector<Json>& entries, const Stored& stored, Json& result, Work& work) {
    const fs::path target = through_links(path);
    discard_temporaries(target);  // an earlier try's, when it was killed: it would hold a key
    const std::optional<std::string> before = try_read_file(target);
    std::optional<std::string> text = before;
    Json notes = Json::array(), attributes;
    for (const Json& entry : entries) {
      const Json& piece = entry.at("secret");
      const SecretBytes wanted = unsealed_text(file_of(stored, entry), work);
      if (is_whole_file(piece)) attributes = entry.at("attributes");
      if (holds(text, piece, wanted)) continue;
      if (!text && !is_whole_file(piece))
        throw Error(Code::file_missing, path + " does not exist, so its " + what_of(piece) + " cannot be put back",
                    "bring the file back first, from the set or by hand");
      text = is_whole_file(piece) ? std::string(wanted.view()) : with_value(*text, piece, wanted);
      notes.push_back(label_of(piece) + " was another one, and is that of the set again");
    }
    if (!notes.empty()) {
      work.reach("restore.decoded");
      if (before) result["kept"].push_back(keep(target, stored.manifest.name).string());
      work.reach("restore.kept");
      replace_file(target, *text, 0600, before ? sha256(*before) : "");
      work.reach("restore.swapped");
    }
    if (!attributes.is_null()) apply_attributes(target, attributes);
    for (const Json& note : notes) result["notes"].push_back(note);
  }
};

}  // namespace

std::unique_ptr<Source> make_keys_source() { return std::make_unique<KeysSource>(); }

}  // namespace playbook
