// What the primitives on files share: reading text with a cap, hiding values of .env files from people's eyes, and an edit of one file that
// can be planned, undone and probed.
#pragma once

#include <optional>
#include <string>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {

/// By its name a file of settings: `.env`, `.env.production`, `app.env`; not an example of one.
bool is_dotenv_name(const std::filesystem::path& path);

/// The text of a .env file with `***` for every value, also in lines that are commented out, but the one of `shown_key`. The value of
/// `changed_key` shows as changed. A text that Compose would refuse is hidden altogether.
std::string masked_dotenv(const std::string& text, const std::string& shown_key = "", const std::string& changed_key = "");

/// The same for comments: `# KEY=value` and `# KEY: value` keep their key only.
std::string mask_comments(const std::string& text);

/// UTF-8 text of at most `limit` bytes. Throws file.missing, file.denied, file.failed.
std::string read_text(const std::filesystem::path& path, std::uintmax_t limit);

/// A change of the content of one file, argument `path`. Its preimage lies 0600 in the run's folder until the run is forgotten; digests
/// before and after tell probe, undo and drift where the file stands. Nothing is overwritten that is neither.
class FileEdit : public Primitive {
 public:
  Json prepare(Context& context, const Json& args) override;
  Json run(Context& context, const Json& args, const Json& prepared) override;
  Planned plan(Context& context, const Json& args) override;
  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  bool is_file_edit() const override { return true; }
  void undo(Context& context, const Record& record) override;
  Probe probe(Context& context, const Record& record) override;
  std::optional<std::string> drift(Context& context, const Record& record) override;
  std::vector<std::string> touches(Context& context, const Json& args) const override;

 protected:
  using Content = std::optional<std::string>;  // nothing: no such file

  /// What the file should hold, from what it holds. Called by prepare, run and plan; must not change anything.
  virtual Content edited(Context& context, const std::filesystem::path& path, const Json& args, const Content& before) = 0;
  /// Mode of a file that is new.
  virtual mode_t mode(const Json&) const { return 0644; }
  /// The texts as the plan's diff may show them.
  virtual std::pair<std::string, std::string> shown(const std::filesystem::path& path, const Json& args, const Content& before,
                                                    const Content& after) const;
};

}  // namespace playbook
