#include "runtime/primitives/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/diff.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"
#include "runtime/pin/dotenv.h"

namespace playbook {
namespace fs = std::filesystem;
namespace {

std::string digest_of(const std::optional<std::string>& content) { return content ? sha256(*content) : ""; }

// Owner and mode of a file that the undo may have to make anew.
Json attributes_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw system_error(errno, "cannot look at " + path.string());
  return {{"mode", status.st_mode & 07777}, {"uid", status.st_uid}, {"gid", status.st_gid}};
}

// May be called again: an undo that was cut off between content and owner ends here as well.
void give_back_attributes(const fs::path& path, const Json& attributes) {
  if (attributes_of(path) == attributes) return;
  auto uid = attributes.at("uid").get<uid_t>();
  auto gid = attributes.at("gid").get<gid_t>();
  if ((uid != ::geteuid() || gid != ::getegid()) && ::chown(path.c_str(), uid, gid) != 0)
    throw system_error(errno, "cannot give back the owner of " + path.string());
  if (::chmod(path.c_str(), attributes.at("mode").get<mode_t>()) != 0)
    throw system_error(errno, "cannot give back the mode of " + path.string());
  sync_file(path);
}

[[noreturn]] void refuse_other_content(const fs::path& path, const std::string& kept) {
  throw Error(Code::file_changed,
              path.string() + " is neither as it was before this run changed it nor as the run left it; it stays as it is",
              kept.empty() ? "look at the file; before the run it did not exist"
                           : "compare it with " + kept + ", which is how it was, and put right what is needed",
              {{"path", path.string()}, {"before", kept}});
}

}  // namespace

bool is_dotenv_name(const fs::path& path) {
  std::string name = path.filename().string();
  for (std::string_view example : {".example", ".sample", ".template", ".dist"})
    if (name.ends_with(example)) return false;
  return name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
}

std::string mask_comments(const std::string& text) {
  std::vector<std::string> lines = split(text, '\n');
  for (std::string& line : lines) {
    size_t equals = line.find_first_of("=:");
    if (trim(line).starts_with('#') && equals != std::string::npos)
      line = line.substr(0, equals + 1) + "***" + (line.ends_with('\r') ? "\r" : "");
  }
  return join(lines, "\n");
}

std::string masked_dotenv(const std::string& text, const std::string& shown_key, const std::string& changed_key) {
  try {
    Dotenv file = Dotenv::parse(text);
    std::string masked;
    size_t at = 0;
    for (const Dotenv::Entry& entry : file.entries()) {
      if (entry.key == shown_key || entry.value_begin == entry.value_end) continue;
      masked += mask_comments(text.substr(at, entry.value_begin - at)) + "***" + (entry.key == changed_key ? " (changed)" : "");
      at = entry.value_end;
    }
    return to_utf8(masked + mask_comments(text.substr(at)));
  } catch (const Error&) {
    return "(" + humane_bytes(text.size()) + ", hidden)\n";
  }
}

std::string read_text(const fs::path& path, std::uintmax_t limit) {
  std::error_code unknown;
  std::uintmax_t size = fs::file_size(path, unknown);
  std::string text = !unknown && size > limit ? "" : read_file(path);
  size = unknown || size <= limit ? text.size() : size;
  if (size > limit)
    throw Error(Code::file_failed, path.string() + " is " + humane_bytes(size) + "; expected at most " + humane_bytes(limit),
                "give a higher limit, or read less");
  if (!is_utf8(text)) throw Error(Code::file_failed, path.string() + " is not UTF-8 text");
  return text;
}

Json FileEdit::prepare(Context& context, const Json& args) {
  fs::path path = context.resolve(args.at("path").get<std::string>());
  Content before = try_read_file(path);
  Content after = edited(context, path, args, before);
  Json prepared{{"path", path.string()}, {"before", digest_of(before)}, {"after", digest_of(after)}};
  if (!before || prepared["before"] == prepared["after"]) return prepared;
  fs::path kept = context.keep_folder() / path.filename();
  replace_file(kept, *before, 0600);
  prepared["kept"] = fs::relative(kept, context.environment().run_folder).string();
  prepared["attributes"] = attributes_of(path);
  return prepared;
}

Json FileEdit::run(Context& context, const Json& args, const Json& prepared) {
  fs::path path = prepared.at("path").get<std::string>();
  auto digest_before = prepared.at("before").get<std::string>(), digest_after = prepared.at("after").get<std::string>();
  if (digest_before == digest_after) return false;
  discard_temporaries(path);
  Content before = try_read_file(path);
  if (digest_of(before) == digest_after) return true;  // done by an attempt that did not live to say so
  Content after = digest_of(before) == digest_before ? edited(context, path, args, before) : std::nullopt;
  if (digest_of(before) != digest_before || digest_of(after) != digest_after)
    throw Error(Code::file_changed, path.string() + " or a secret that goes into it is not as it was when this change was prepared",
                "look at the file, then run this again");
  if (after) {
    replace_file(path, *after, mode(args), digest_before, context.faults());
  } else {
    context.reach("file.removing");
    remove_file(path);
    context.reach("file.removed");
  }
  return true;
}

Planned FileEdit::plan(Context& context, const Json& args) {
  fs::path path = context.resolve(args.at("path").get<std::string>());
  Content before = try_read_file(path);
  Content after = edited(context, path, args, before);
  auto [shown_before, shown_after] = shown(path, args, before, after);
  Planned planned;
  planned.text = declaration().name + " " + path.lexically_proximate(context.instance()).string();
  if (digest_of(before) == digest_of(after)) planned.text += ": already so";
  planned.diff = context.redactor().apply(unified_diff(shown_before, shown_after));
  planned.predicted = true;
  planned.result = digest_of(before) != digest_of(after);
  return planned;
}

std::pair<std::string, std::string> FileEdit::shown(const fs::path& path, const Json&, const Content& before, const Content& after) const {
  if (is_dotenv_name(path)) return {masked_dotenv(before.value_or("")), masked_dotenv(after.value_or(""))};
  return {to_utf8(before.value_or("")), to_utf8(after.value_or(""))};
}

void FileEdit::undo(Context& context, const Record& record) {
  if (record.prepared.is_null()) return;
  fs::path path = record.prepared.at("path").get<std::string>();
  auto before = record.prepared.at("before").get<std::string>(), after = record.prepared.at("after").get<std::string>();
  discard_temporaries(path);
  std::string present = file_digest(path);
  bool was_removed = after.empty() && !before.empty();
  if (present == before) return was_removed ? give_back_attributes(path, record.prepared.at("attributes")) : void();
  auto kept_name = get_or<std::string>(record.prepared, "kept", "");
  fs::path kept = kept_name.empty() ? fs::path() : context.environment().run_folder / kept_name;
  if (present != after) refuse_other_content(path, kept.string());
  context.reach("file.undoing");
  if (before.empty()) {
    remove_file(path);
  } else if (std::string content = read_file(kept); sha256(content) != before) {
    throw Error(Code::file_failed, kept.string() + " does not hold what " + path.string() + " was before; it has been damaged");
  } else {
    replace_file(path, content, 0600, after, context.faults());
    if (was_removed) give_back_attributes(path, record.prepared.at("attributes"));
  }
  context.reach("file.undone");
}

Probe FileEdit::probe(Context&, const Record& record) {
  if (record.prepared.is_null()) return {Probe::State::not_done, nullptr, "", false};
  auto before = record.prepared.at("before").get<std::string>(), after = record.prepared.at("after").get<std::string>();
  std::string path = record.prepared.at("path").get<std::string>(), present = file_digest(path);
  discard_temporaries(path);  // here, because a change that proves not done may be given up without an undo
  if (present == after) return {Probe::State::done, before != after, "", false};
  if (present == before) return {Probe::State::not_done, nullptr, "", false};
  return {Probe::State::unknown, nullptr, path + " is neither as it was before nor as " + record.name + " would have left it", false};
}

std::optional<std::string> FileEdit::drift(Context&, const Record& record) {
  std::string path = record.prepared.at("path").get<std::string>(), present = file_digest(path);
  if (present == record.prepared.at("after").get<std::string>()) return std::nullopt;
  return path + (present.empty() ? " is gone" : " is not as " + record.name + " left it");
}

std::vector<std::string> FileEdit::touches(Context& context, const Json& args) const {
  return {"file:" + context.resolve(args.at("path").get<std::string>()).string()};
}

}  // namespace playbook
