#include "runtime/backup/manifest.h"

#include <algorithm>
#include <filesystem>

#include "runtime/base/text.h"

namespace playbook {
namespace {

Json to_json(const Part& part) {
  Json value{{"file", part.file},
             {"source", part.source},
             {"encoding", part.encoding == Encoding::zstd ? "zstd" : "plain"},
             {"bytes", part.bytes},
             {"stored_bytes", part.stored_bytes},
             {"sha256", part.sha256},
             {"content_sha256", part.content_sha256}};
  if (part.is_sealed()) value["sealed"] = {{"sha256", part.sealed_sha256}, {"bytes", part.sealed_bytes}};
  return value;
}

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw Error(Code::backup_corrupt, "manifest.json of " + where + " " + why, "take the set from another copy, or use another set");
}

Part part_from(const Json& value, const std::string& where) {
  Part part{value.at("file"),         value.at("source"), Encoding::plain,           value.at("bytes"),
            value.at("stored_bytes"), value.at("sha256"), value.at("content_sha256")};
  std::string encoding = value.at("encoding");
  if (encoding != "plain" && encoding != "zstd") refuse(where, "has an unknown encoding " + encoding);
  if (encoding == "zstd") part.encoding = Encoding::zstd;
  if (value.contains("sealed")) part.sealed_sha256 = value["sealed"].at("sha256"), part.sealed_bytes = value["sealed"].at("bytes");
  if (!is_safe_name(part.file)) refuse(where, "names a part outside of the set: " + part.file);
  return part;
}

}  // namespace

bool is_safe_name(std::string_view file) {
  auto bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; };
  if (file.empty() || file.front() == '/' || !is_utf8(file) || std::any_of(file.begin(), file.end(), bad)) return false;
  for (const std::string& piece : split(file, '/'))
    if (piece.empty() || piece == "." || piece == "..") return false;
  return true;
}

std::string Manifest::to_text() const {
  Json value{{"format", kManifestFormat}, {"name", name},   {"created", created},       {"application", application},
             {"version", version},        {"note", note},   {"instance", instance},     {"actor", actor},
             {"action", action},          {"tools", tools}, {"sources", Json::array()}, {"parts", Json::array()}};
  for (const StoredSource& source : sources)
    value["sources"].push_back({{"type", source.type}, {"name", source.name}, {"spec", source.spec}, {"state", source.state}});
  for (const Part& part : parts) value["parts"].push_back(to_json(part));
  if (!keys.empty()) value["keys"] = keys;
  if (!recipients.empty()) value["recipients"] = recipients;
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Manifest Manifest::parse(std::string_view text, const std::string& where) {
  Json value = Json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("format") || !value["format"].is_number_unsigned()) refuse(where, "is not a manifest");
  if (value["format"] > kManifestFormat)
    throw Error(
        Code::backup_newer,
        "backup set " + where + " has format " + value["format"].dump() + ", this version reads up to " + std::to_string(kManifestFormat),
        "use the version of playbook that made it or a newer one; RESTORE.md in the set says how to do without");
  return reading_manifest(where, [&] {
    Manifest manifest;
    auto text_of = [&](const char* key) { return get_or<std::string>(value, key, ""); };
    manifest.name = value.at("name");
    manifest.created = value.at("created");
    manifest.application = text_of("application"), manifest.version = text_of("version"), manifest.note = text_of("note");
    manifest.instance = text_of("instance"), manifest.actor = text_of("actor"), manifest.action = text_of("action");
    manifest.tools = get_or<Json>(value, "tools", Json::object());
    manifest.keys = get_or<Json>(value, "keys", Json::array());
    manifest.recipients = get_or<std::vector<std::string>>(value, "recipients", {});
    for (const Json& source : value.at("sources"))
      manifest.sources.push_back({source.at("type"), source.at("name"), source.at("spec"), source.at("state")});
    for (const Json& part : value.at("parts")) manifest.parts.push_back(part_from(part, where));
    return manifest;
  });
}

const Part& Manifest::part_of(const std::string& source) const {
  for (const Part& part : parts)
    if (part.source == source) return part;
  refuse(name, "has no part for its source " + source);
}

const Part& Manifest::part_named(const std::string& file) const {
  for (const Part& part : parts)
    if (part.file == file) return part;
  throw Error(Code::backup_corrupt, "manifest.json of " + name + " names no part " + file);
}

}  // namespace playbook
