#include "runtime/backup/verify.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/backup/at_once.h"
#include "runtime/backup/manifest.h"
#include "runtime/backup/sums.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

struct Found {
  bool regular = false;
  std::uint64_t size = 0;
  std::string digest;
};

// Every file below the set but those that SHA256SUMS leaves out, with its digest.
std::map<std::string, Found> files_of(const fs::path& set, Work& work) try {
  std::map<std::string, Found> files;
  std::vector<std::pair<fs::path, Found*>> regular;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(set)) {
    std::string name = entry.path().lexically_relative(set);
    bool folder = entry.is_directory() && !entry.is_symlink();
    if (name == kSumsFile || name == kAttestationsFile) continue;
    if (folder && !fs::is_empty(entry.path())) continue;
    Found& found = files[name];
    found.regular = !folder && entry.is_regular_file() && !entry.is_symlink();
    if (!found.regular) continue;
    found.size = entry.file_size();
    regular.emplace_back(entry.path(), &found);
  }
  auto always = [](size_t) { return true; };
  at_once(work, regular.size(), always, [&](size_t i, Work& own) {
    Sha256 hash;
    read_in_pieces(regular[i].first, [&](std::string_view piece) {
      hash.update(piece);
      own.advance(0);
    });
    regular[i].second->digest = hash.finish();
  });
  return files;
} catch (const fs::filesystem_error& error) {
  throw system_error(error.code().value(), "cannot read backup set " + set.string());
}

class Verification {
 public:
  Verification(const fs::path& set, Work& work) : set_(set), work_(work) {}

  std::vector<Finding> take() {
    std::sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) { return a.file < b.file; });
    return std::move(findings_);
  }
  void report(const std::string& file, const std::string& what) {
    if (reported_.insert(file).second) findings_.push_back({file, what});
  }
  bool is_reported(const std::string& file) const { return reported_.contains(file); }

  /// The sums as they are, or nothing when they cannot be trusted to be read.
  std::optional<Sums> sums(const std::string& expected_digest) {
    auto text = try_read_file(set_ / kSumsFile);
    if (!text) return report(std::string(kSumsFile), "is missing"), std::nullopt;
    if (!expected_digest.empty() && sha256(*text) != expected_digest)
      report(std::string(kSumsFile), "is not the one that was written when the set was made");
    try {
      return parse_sums(*text);
    } catch (const Error& damaged) {
      report(std::string(kSumsFile), damaged.message().substr(kSumsFile.size() + 2));
      return std::nullopt;
    }
  }

  void compare(const Sums& sums, const std::map<std::string, std::uint64_t>& sizes) {
    std::map<std::string, Found> files = files_of(set_, work_);
    for (const auto& [file, digest] : sums) {
      auto found = files.find(file);
      if (found == files.end())
        report_missing(file, digest, files, sums);
      else if (!found->second.regular)
        report(file, "is not a regular file");
      else if (found->second.digest != digest)
        report_changed(file, found->second, sizes);
    }
    for (const auto& [file, found] : files)
      if (!sums.contains(file)) report(file, "was added");
  }

 private:
  void report_missing(const std::string& file, const std::string& digest, const std::map<std::string, Found>& files, const Sums& sums) {
    for (const auto& [other, found] : files)
      if (found.digest == digest && !sums.contains(other) && !is_reported(other)) {
        report(other, "was called " + file + " when the set was made");
        return report(file, "was renamed to " + other);
      }
    report(file, "is missing");
  }
  void report_changed(const std::string& file, const Found& found, const std::map<std::string, std::uint64_t>& sizes) {
    auto size = sizes.find(file);
    if (size != sizes.end() && found.size < size->second)
      report(file, "is cut short: " + std::to_string(found.size) + " of " + std::to_string(size->second) + " bytes");
    else
      report(file, "was changed");
  }

  const fs::path& set_;
  Work& work_;
  std::vector<Finding> findings_;
  std::set<std::string> reported_;
};

void check_manifest(const Manifest& manifest, const Sums& sums, const fs::path& set, Verification& verification) {
  std::string file(kManifestFile);
  std::string folder = set.extension() == ".partial" ? set.stem().string() : set.filename().string();
  if (manifest.name != folder) verification.report(file, "is of the set " + manifest.name + ", the folder is called " + folder);
  for (const Part& part : manifest.parts) {
    auto sum = sums.find(part.stored_as());
    if (sum == sums.end() || sum->second != (part.is_sealed() ? part.sealed_sha256 : part.sha256))
      verification.report(part.stored_as(), "has another digest in manifest.json than in SHA256SUMS");
  }
}

// What is wrong with the parts of a source, if anything, beyond what was `reported`.
std::optional<Finding> look_into(const Stored& stored, const SourceRegistry& sources, Work& work, Depth depth,
                                 const Verification& reported) {
  std::string at(kManifestFile);
  try {
    bool whole = true;
    for (const Part& part : stored.manifest.parts) {
      if (part.source != stored.source.name) continue;
      at = part.stored_as();
      if (reported.is_reported(at) || part.is_sealed()) whole = false;
      if (whole && depth == Depth::content) read_part(stored.folder, part, work, nullptr);
    }
    if (whole && depth == Depth::deep) reading_manifest(stored.manifest.name, [&] { sources.at(stored.source.type).verify(stored, work); });
    return std::nullopt;
  } catch (const Error& damaged) {
    if (damaged.code() != Code::backup_corrupt && damaged.code() != Code::unsupported) throw;
    return Finding{at, damaged.message()};
  }
}

void decode(const fs::path& set, const Manifest& manifest, const SourceRegistry& sources, Work& work, Depth depth,
            Verification& verification) {
  std::vector<std::optional<Finding>> findings(manifest.sources.size());
  auto may_run_beside = [&](size_t i) { return depth != Depth::deep || sources.read_beside(manifest.sources[i].spec); };
  at_once(work, findings.size(), may_run_beside, [&](size_t i, Work& own) {
    findings[i] = look_into({set, manifest, manifest.sources[i]}, sources, own, depth, verification);
  });
  for (const std::optional<Finding>& finding : findings)
    if (finding) verification.report(finding->file, finding->what);
}

}  // namespace

std::vector<Finding> verify_set(const fs::path& path, const std::string& expected_digest, const SourceRegistry& sources, Work& work,
                                Depth depth) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    throw Error(Code::file_missing, "backup set " + path.string() + " does not exist", "`playbook backup list` shows the sets");
  Verification verification(path, work);
  std::optional<Manifest> manifest;
  std::map<std::string, std::uint64_t> sizes;
  try {
    manifest = Manifest::parse(read_file(path / kManifestFile), path.filename().string());
    for (const Part& part : manifest->parts) sizes[part.stored_as()] = part.is_sealed() ? part.sealed_bytes : part.stored_bytes;
  } catch (const Error& unreadable) {
    if (unreadable.code() == Code::backup_newer) throw;
    if (unreadable.code() == Code::file_missing)
      verification.report(std::string(kManifestFile), "is missing");  // a rename is found below, by the file that was added
    else if (unreadable.code() != Code::backup_corrupt)
      throw;
  }
  std::optional<Sums> sums = verification.sums(expected_digest);
  if (sums) verification.compare(*sums, sizes);
  if (manifest && sums && !verification.is_reported(std::string(kManifestFile))) {
    check_manifest(*manifest, *sums, path, verification);
    decode(path, *manifest, sources, work, depth, verification);
  } else if (!manifest && !verification.is_reported(std::string(kManifestFile))) {
    verification.report(std::string(kManifestFile), "cannot be read");
  }
  return verification.take();
}

std::string describe(const std::vector<Finding>& findings) {
  constexpr size_t kShown = 5;
  std::vector<std::string> texts;
  for (size_t i = 0; i < std::min(findings.size(), kShown); ++i) texts.push_back(findings[i].file + " " + findings[i].what);
  if (findings.size() > kShown) texts.push_back("and " + std::to_string(findings.size() - kShown) + " more");
  return join(texts, ", ");
}

Json to_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) list.push_back({{"file", finding.file}, {"what", finding.what}});
  return list;
}

}  // namespace playbook
