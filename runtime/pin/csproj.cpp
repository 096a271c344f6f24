#include "runtime/pin/csproj.h"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <pugixml.hpp>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/pin/text_place.h"

namespace playbook {
namespace {

constexpr size_t kLargestFile = 4 << 20;
constexpr int kDeepest = 10;  // properties that stand for properties
constexpr std::string_view kSpaces = " \t\r\n";

std::string described(Csproj::What what, const std::string& name) {
  return (what == Csproj::What::package ? "package " : "property ") + name;
}

bool equal_names(Csproj::What what, const std::string& left, const std::string& right) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (what == Csproj::What::property && left != right) return false;
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [&](char a, char b) { return lower(a) == lower(b); });
}

std::string escaped(const std::string& value, char quote) {
  std::string raw;
  for (char c : value) {
    if (c == '&')
      raw += "&amp;";
    else if (c == '<')
      raw += "&lt;";
    else if (c == '>')
      raw += "&gt;";
    else if (c == quote)
      raw += quote == '"' ? "&quot;" : "&apos;";
    else
      raw += c;
  }
  return raw;
}

std::string trimmed(const std::string& text) {
  size_t begin = text.find_first_not_of(kSpaces);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

/// `$(Name)` alone.
std::optional<std::string> referenced(const std::string& value) {
  if (!value.starts_with("$(") || !value.ends_with(')')) return std::nullopt;
  return value.substr(2, value.size() - 3);
}

}  // namespace

class Csproj::Reader {
 public:
  explicit Reader(Csproj& file) : file_(file), buffer_(file.text_) {}

  void read() {
    validate();
    pugi::xml_document document;
    pugi::xml_parse_result result = document.load_buffer_inplace(
        buffer_.data(), buffer_.size(), pugi::parse_default | pugi::parse_comments | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
    if (!result) throw Error(Code::internal, file_.place(static_cast<size_t>(result.offset)) + ": two readers of XML do not agree");
    for (pugi::xml_node group : document.document_element().children()) {
      if (std::string_view(group.name()) == "PropertyGroup") properties(group);
      if (std::string_view(group.name()) == "ItemGroup") items(group);
    }
  }

 private:
  void validate() const {
    const std::string& text = file_.text_;
    if (text.size() > kLargestFile)
      throw Error(Code::file_failed, file_.name_ + " is " + humane_bytes(text.size()) + "; expected at most " + humane_bytes(kLargestFile));
    if (!is_utf8(text)) throw Error(Code::file_failed, file_.name_ + " is not UTF-8 text");
    std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate("UTF-8"), &XML_ParserFree);
    if (!parser) throw Error(Code::internal, "expat does not start");
    bool has_doctype = false;
    XML_SetUserData(parser.get(), &has_doctype);
    XML_SetStartDoctypeDeclHandler(
        parser.get(), [](void* seen, const XML_Char*, const XML_Char*, const XML_Char*, int) { *static_cast<bool*>(seen) = true; });
    bool good = XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) == XML_STATUS_OK;
    if (has_doctype) throw Error(Code::file_failed, file_.name_ + " has a document type declaration, which is not read here");
    if (good) return;
    auto at = static_cast<size_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(parser.get())));
    throw Error(Code::file_failed,
                file_.place(std::min(at, text.size())) + ": no XML that can be read: " + XML_ErrorString(XML_GetErrorCode(parser.get())),
                "mend the line");
  }

  size_t offset_of(const char* value) const { return static_cast<size_t>(value - buffer_.data()); }

  void properties(pugi::xml_node group) {
    for (pugi::xml_node property : group.children())
      if (property.type() == pugi::node_element) element(What::property, property.name(), property);
  }

  void items(pugi::xml_node group) {
    for (pugi::xml_node item : group.children()) {
      std::string_view kind = item.name();
      if (kind != "PackageReference" && kind != "PackageVersion" && kind != "GlobalPackageReference") continue;
      std::string name = item.attribute("Include") ? item.attribute("Include").value() : item.attribute("Update").value();
      for (const char* version : {"Version", "VersionOverride"}) {
        if (pugi::xml_attribute attribute = item.attribute(version)) add_attribute(name, attribute);
        if (pugi::xml_node inside = item.child(version)) element(What::package, name, inside);
      }
    }
  }

  void add_attribute(const std::string& name, pugi::xml_attribute attribute) {
    size_t begin = offset_of(attribute.value());
    char quote = file_.text_.at(begin - 1);
    add({What::package, name, attribute.value(), Form::attribute, begin, file_.text_.find(quote, begin)});
  }

  void element(What what, const std::string& name, pugi::xml_node node) {
    pugi::xml_node only = node.first_child();
    if (!only) return;  // an empty value has no place
    bool is_text = only.type() == pugi::node_pcdata, is_cdata = only.type() == pugi::node_cdata;
    if ((!is_text && !is_cdata) || only.next_sibling()) {
      add({what, name, node.text().get(), Form::text, place_of(node), place_of(node), false});
      return;
    }
    size_t begin = offset_of(only.value());
    size_t end = is_cdata ? file_.text_.find("]]>", begin) : file_.text_.find('<', begin);
    add({what, name, only.value(), is_cdata ? Form::cdata : Form::text, begin, end});
  }

  size_t place_of(pugi::xml_node node) const { return offset_of(node.name()); }

  void add(Value value) {
    const std::string& text = file_.text_;
    if (value.end == std::string::npos || value.end < value.begin)
      throw Error(Code::internal, file_.place(value.begin) + ": the end of a value is not where it was expected");
    while (value.begin < value.end && kSpaces.find(text[value.begin]) != std::string_view::npos) ++value.begin;
    while (value.end > value.begin && kSpaces.find(text[value.end - 1]) != std::string_view::npos) --value.end;
    value.value = trimmed(value.value);
    file_.values_.push_back(std::move(value));
  }

  Csproj& file_;
  std::string buffer_;  // parsed in place, which spoils it
};

Csproj Csproj::parse(std::string text, std::string name) {
  Csproj file(std::move(text), std::move(name));
  Reader(file).read();
  return file;
}

std::string Csproj::place(size_t offset) const { return name_ + ":" + text_place(text_, offset); }

std::vector<const Csproj::Value*> Csproj::found(What what, const std::string& name) const {
  std::vector<const Value*> all;
  for (const Value& value : values_)
    if (value.what == what && equal_names(what, value.name, name)) all.push_back(&value);
  return all;
}

const Csproj::Value* Csproj::defined(What what, const std::string& name) const {
  What kind = what;
  std::string wanted = name;
  for (int depth = 0; depth < kDeepest; ++depth) {
    const std::vector<const Value*> all = found(kind, wanted);
    if (all.empty() && depth == 0) return nullptr;
    if (all.empty())
      throw Error(Code::unsupported, name_ + ": " + described(what, name) + " is $(" + wanted + "), which this file does not set",
                  "look for it in Directory.Build.props");
    if (all.size() > 1) {
      std::vector<std::string> places;
      for (const Value* one : all) places.push_back(place(one->begin));
      throw Error(Code::unsupported, described(kind, wanted) + " is there several times: " + join(places, ", "), "change them by hand");
    }
    std::optional<std::string> next = referenced(all[0]->value);
    if (!next) return all[0];
    kind = What::property;
    wanted = *next;
  }
  throw Error(Code::unsupported, name_ + ": " + described(what, name) + " goes in a circle");
}

std::optional<std::string> Csproj::get(What what, const std::string& name) const {
  const Value* value = defined(what, name);
  return value ? std::optional(value->value) : std::nullopt;
}

void Csproj::set(What what, const std::string& name, const std::string& value) {
  bool has_control = std::any_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (value.empty() || trimmed(value) != value || has_control || !is_utf8(value) || referenced(value))
    throw Error(Code::argument_invalid,
                name_ + ": a value for " + described(what, name) + " must be one line of text without blanks around it");
  const Value* at = defined(what, name);
  if (!at) throw Error(Code::argument_invalid, name_ + " has no " + described(what, name) + "; only a value that is there can be set");
  if (at->value == value) return;
  if (!at->simple)
    throw Error(Code::unsupported, place(at->begin) + ": " + described(what, name) + " has more in it than text", "change it by hand");
  if (at->form == Form::cdata && value.find("]]>") != std::string::npos)
    throw Error(Code::argument_invalid, place(at->begin) + ": a value in CDATA cannot hold ]]>");
  std::string raw = at->form == Form::cdata
                        ? value
                        : escaped(value, at->form == Form::attribute ? text_[text_.find_first_not_of(kSpaces, at->end)] : '\0');
  std::string text = text_;
  text.replace(at->begin, at->end - at->begin, raw);
  Csproj changed = parse(std::move(text), name_);
  if (changed.values_.size() != values_.size() || changed.get(what, name) != value)
    throw Error(Code::unsupported, place(at->begin) + ": no way to write the value here reads back as the same value", "change it by hand");
  *this = std::move(changed);
}

}  // namespace playbook
