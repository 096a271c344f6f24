#include "runtime/backup/restore.h"

#include <algorithm>
#include <set>

#include "runtime/backup/at_once.h"
#include "runtime/backup/sums.h"
#include "runtime/backup/verify.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

void expect_good(const BackupSet& set, const std::string& digest, const std::vector<const StoredSource*>& chosen,
                 const SourceRegistry& sources, Work& work, Depth depth = Depth::content) {
  std::vector<Finding> findings = verify_set(set.path(), digest, sources, work, depth);
  auto unneeded = [&](const Finding& finding) {
    for (const Part& part : set.manifest().parts)
      if (part.stored_as() == finding.file)
        return std::none_of(chosen.begin(), chosen.end(), [&](const StoredSource* source) { return source->name == part.source; });
    return false;
  };
  std::erase_if(findings, unneeded);
  if (findings.empty()) return;
  throw Error(Code::backup_corrupt, "backup set " + set.path().string() + " is damaged: " + describe(findings),
              "nothing was changed; take the set from another copy, or use another set", {{"findings", to_json(findings)}});
}

std::string words(const Json& item) {
  if (item.contains("text")) return item["text"];
  std::string what = item.at("what");
  if (item.contains("unreadable")) return what + " cannot be read, so what it would lose is not known";
  if (!what.starts_with("table "))
    return what + (item.at("added") != 0 ? " is new" : item.at("removed") != 0 ? " is gone" : " was changed");
  std::vector<std::string> parts;
  for (const char* key : {"added", "removed", "changed"})
    if (item.at(key) != 0) parts.push_back(item.at(key).dump() + " " + key);
  if (parts.empty()) return what + " has other columns";
  return what + ": " + join(parts, ", ");
}

}  // namespace

std::vector<const StoredSource*> chosen_sources(const BackupSet& set, const std::vector<std::string>& only) {
  std::vector<const StoredSource*> chosen;
  std::vector<std::string> names;
  for (const StoredSource& source : set.manifest().sources) {
    names.push_back(source.name);
    if (only.empty() || std::find(only.begin(), only.end(), source.name) != only.end()) chosen.push_back(&source);
  }
  for (const std::string& name : only)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(Code::argument_invalid,
                  "backup set " + set.manifest().name + " has no source \"" + name + "\"" + did_you_mean(name, names),
                  "it has " + join(names, ", "));
  return chosen;
}

Json restore_set(const BackupSet& set, const std::string& expected_digest, const std::vector<std::string>& only,
                 const SourceRegistry& sources, Work& work) {
  auto chosen = chosen_sources(set, only);
  for (const StoredSource* source : chosen)
    for (const Part& part : set.manifest().parts)
      if (part.source == source->name) work.expect(2 * part.bytes);  // verified, then restored
  expect_good(set, expected_digest, chosen, sources, work);
  return reading_manifest(set.manifest().name, [&] {
    for (const StoredSource* source : chosen) sources.at(source->type).check_restore(set.stored(*source), work);
    Json result{{"type", "backup.restored"}, {"set", set.manifest().name}, {"sources", Json::array()}, {"kept", Json::array()}};
    for (const StoredSource* source : chosen) {
      Json one = sources.at(source->type).restore(set.stored(*source), work);
      for (const Json& kept : one.at("kept")) result["kept"].push_back(kept);
      result["sources"].push_back(std::move(one));
      work.reach("restore.source");
    }
    return result;
  });
}

Json rehearse_set(const BackupSet& set, const std::string& expected_digest, const SourceRegistry& sources, Work& work,
                  const Json& attestation) {
  auto chosen = chosen_sources(set, {});
  expect_good(set, expected_digest, chosen, sources, work, Depth::stored);
  return reading_manifest(set.manifest().name, [&] {
    Json result{{"type", "backup.rehearsal"}, {"set", set.manifest().name}, {"sources", Json::array()}};
    std::vector<Json> rehearsed(chosen.size());
    auto may_run_beside = [&](size_t i) { return sources.read_beside(chosen[i]->spec); };
    at_once(work, chosen.size(), may_run_beside,
            [&](size_t i, Work& own) { rehearsed[i] = sources.at(chosen[i]->type).rehearse(set.stored(*chosen[i]), own); });
    result["sources"] = rehearsed;
    Json line = attestation;
    line["kind"] = "rehearsal";
    line["sources"] = result["sources"];
    set.attest(line);
    return result;
  });
}

std::vector<std::string> differences(const BackupSet& set, const std::vector<std::string>& only, const SourceRegistry& sources,
                                     Work& work) {
  return reading_manifest(set.manifest().name, [&] {
    std::vector<std::string> lines;
    for (const StoredSource* source : chosen_sources(set, only))
      for (std::string& line : sources.at(source->type).differences(set.stored(*source), work)) lines.push_back(std::move(line));
    return lines;
  });
}

Json loss_of(const BackupSet& set, const std::vector<std::string>& only, const SourceRegistry& sources, Work& work) {
  return reading_manifest(set.manifest().name, [&] {
    Json result{{"equal", true}, {"text", ""}, {"sources", Json::array()}};
    std::vector<std::string> lines;
    for (const StoredSource* source : chosen_sources(set, only)) {
      Json one = sources.at(source->type).loss(set.stored(*source), work);
      for (const Json& item : one.at("items")) lines.push_back(words(item));
      result["sources"].push_back(std::move(one));
    }
    result["equal"] = lines.empty();
    result["text"] = lines.empty() ? "nothing: all is as it was at " + set.manifest().created : join(lines, "; ");
    return result;
  });
}

}  // namespace playbook
