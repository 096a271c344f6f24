// The tree of a YAML file out of libfyaml's events, without recursion. Before the library sees a byte a filter keeps out what makes it
// loop for ever (directives) and what no YAML may hold.
#include <libfyaml.h>

#include <map>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/pin/yaml.h"

namespace playbook {
namespace {

constexpr size_t kLargestFile = 4 << 20;

struct Event {
  fy_parser* parser;
  fy_event* event;
  ~Event() {
    if (event) fy_parser_event_free(parser, event);
  }
};

}  // namespace

class Yaml::Builder {
 public:
  explicit Builder(Yaml& file) : file_(file), text_(file.text_) {}

  void build() {
    filter();
    if (text_.empty()) return;
    diagnosis_.reset(fy_diag_create(nullptr));
    if (!diagnosis_) throw Error(Code::internal, "libfyaml does not start");
    fy_diag_set_collect_errors(diagnosis_.get(), true);  // or it would print them
    fy_parse_cfg settings{};
    settings.flags = FYPCF_QUIET;
    settings.diag = diagnosis_.get();
    parser_.reset(fy_parser_create(&settings));
    if (!parser_ || fy_parser_set_string(parser_.get(), text_.data(), text_.size()) != 0)
      throw Error(Code::internal, "libfyaml does not start");
    file_.nodes_.reserve(text_.size() / 16);
    for (;;) {
      Event holder{parser_.get(), fy_parser_parse(parser_.get())};
      if (!holder.event) break;
      take(*holder.event);
    }
    if (fy_parser_get_stream_error(parser_.get())) refuse_syntax();
  }

 private:
  [[noreturn]] void fail(size_t offset, const std::string& why, const std::string& hint = "") const {
    throw Error(Code::file_failed, file_.place(offset) + ": " + why, hint);
  }

  void filter() const {
    if (text_.size() > kLargestFile)
      throw Error(Code::file_failed,
                  file_.name_ + " is " + humane_bytes(text_.size()) + "; expected YAML of at most " + humane_bytes(kLargestFile));
    if (!is_utf8(text_)) throw Error(Code::file_failed, file_.name_ + " is not UTF-8 text");
    bool line_begins = true;
    for (size_t i = text_.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text_.size(); ++i) {
      auto byte = static_cast<unsigned char>(text_[i]);
      if (line_begins && byte == '%') fail(i, "a line that begins with %, a directive, which is not read here", "take the line away");
      if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F)
        fail(i, "a control character, which YAML cannot hold");
      bool wide_break = byte >= 0x80 && (ends(i, "\xC2\x85") || ends(i, "\xE2\x80\xA8") || ends(i, "\xE2\x80\xA9"));
      line_begins = byte == '\n' || byte == '\r' || wide_break;
    }
  }
  bool ends(size_t last, std::string_view what) const { return std::string_view(text_).substr(0, last + 1).ends_with(what); }

  void take(const fy_event& event) {
    switch (event.type) {
      case FYET_DOCUMENT_START:
        if (documents_++ > 0) {
          const fy_mark* mark = fy_event_start_mark(const_cast<fy_event*>(&event));
          throw Error(Code::unsupported, file_.place(mark ? mark->input_pos : 0) + ": a second document; expected one in a file");
        }
        break;
      case FYET_MAPPING_START:
        open(Kind::map, event.mapping_start.anchor, event.mapping_start.tag, event.mapping_start.mapping_start);
        break;
      case FYET_SEQUENCE_START:
        open(Kind::list, event.sequence_start.anchor, event.sequence_start.tag, event.sequence_start.sequence_start);
        break;
      case FYET_MAPPING_END:
      case FYET_SEQUENCE_END:
        close(event);
        break;
      case FYET_SCALAR:
        scalar(event);
        break;
      case FYET_ALIAS:
        alias(event.alias.anchor);
        break;
      default:
        break;
    }
  }

  size_t add(Kind kind) {
    Node node;
    node.kind = kind;
    size_t number = file_.nodes_.size();
    if (!open_.empty()) {
      node.parent = open_.back();
      Node& holder = file_.nodes_[node.parent];
      holder.items.push_back(number);
      node.in_flow = holder.in_flow || text_[holder.begin] == '{' || text_[holder.begin] == '[';
    }
    file_.nodes_.push_back(std::move(node));
    return number;
  }

  static std::string text_of(fy_token* token) {
    size_t length = 0;
    const char* text = token ? fy_token_get_text(token, &length) : nullptr;
    return text ? std::string(text, length) : "";
  }

  void name(size_t number, fy_token* anchor, fy_token* tag) {
    file_.nodes_[number].tagged = tag != nullptr;
    if (anchor) anchors_[text_of(anchor)] = number;
  }

  void open(Kind kind, fy_token* anchor, fy_token* tag, fy_token* start) {
    size_t number = add(kind);
    Node& node = file_.nodes_[number];
    const fy_mark* mark = start ? fy_token_start_mark(start) : nullptr;
    node.begin = node.end = mark ? std::min(mark->input_pos, text_.size()) : 0;
    name(number, anchor, tag);
    open_.push_back(number);
  }

  void close(const fy_event& event) {
    const fy_mark* mark = fy_event_end_mark(const_cast<fy_event*>(&event));
    if (mark) file_.nodes_[open_.back()].end = std::min(mark->input_pos, text_.size());
    open_.pop_back();
  }

  void scalar(const fy_event& event) {
    size_t number = add(Kind::scalar);
    Node& node = file_.nodes_[number];
    name(number, event.scalar.anchor, event.scalar.tag);
    fy_token* token = event.scalar.value;
    const fy_mark* begin = token ? fy_token_start_mark(token) : nullptr;
    const fy_mark* end = token ? fy_token_end_mark(token) : nullptr;
    fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    node.value = text_of(token);
    if (!begin || !end || (style == FYSS_PLAIN && begin->input_pos == end->input_pos)) return empty(number);
    node.begin = std::min(begin->input_pos, text_.size());
    node.end = std::min(end->input_pos, text_.size());
    node.style = style == FYSS_PLAIN           ? Style::plain
                 : style == FYSS_SINGLE_QUOTED ? Style::single_quoted
                 : style == FYSS_DOUBLE_QUOTED ? Style::double_quoted
                                               : Style::block;
    if (node.style != Style::single_quoted && node.style != Style::double_quoted) return;
    char quote = node.style == Style::single_quoted ? '\'' : '"';
    if (node.begin == 0 || node.end >= text_.size() || text_[node.begin - 1] != quote || text_[node.end] != quote)
      throw Error(Code::internal, file_.place_of(node) + ": the quotes of a value are not where they were expected");
    --node.begin;
    ++node.end;
  }

  // Stands behind the colon of its key.
  void empty(size_t number) {
    Node& node = file_.nodes_[number];
    node.style = Style::empty;
    if (open_.empty()) return;
    const Node& holder = file_.nodes_[open_.back()];
    node.begin = node.end = holder.begin;
    if (holder.kind != Kind::map || holder.items.size() % 2 != 0) return;
    size_t at = file_.nodes_[holder.items[holder.items.size() - 2]].end;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
    node.begin = node.end = std::min(at < text_.size() && text_[at] == ':' ? at + 1 : at, text_.size());
  }

  void alias(fy_token* anchor) {
    size_t number = add(Kind::alias);
    Node& node = file_.nodes_[number];
    const fy_mark* begin = anchor ? fy_token_start_mark(anchor) : nullptr;
    const fy_mark* end = anchor ? fy_token_end_mark(anchor) : nullptr;
    node.begin = begin ? std::min(begin->input_pos, text_.size()) : 0;
    node.end = end ? std::min(end->input_pos, text_.size()) : node.begin;
    if (node.begin > 0 && text_[node.begin - 1] == '*') --node.begin;
    node.value = text_of(anchor);
    auto known = anchors_.find(node.value);
    if (known == anchors_.end()) fail(node.begin, "the alias *" + node.value + " has no anchor before it");
    node.target = known->second;
    file_.nodes_[known->second].aliased = true;
  }

  [[noreturn]] void refuse_syntax() const {
    void* position = nullptr;
    const fy_diag_error* first = fy_diag_errors_iterate(diagnosis_.get(), &position);
    std::string where = file_.name_, why = "no YAML that can be read";
    if (first) {
      where += ":" + std::to_string(first->line) + ":" + std::to_string(first->column);
      if (first->msg) why += ": " + to_utf8(first->msg);
    }
    throw Error(Code::file_failed, where + ": " + why, "mend the line");
  }

  Yaml& file_;
  const std::string& text_;
  std::unique_ptr<fy_diag, decltype(&fy_diag_destroy)> diagnosis_{nullptr, &fy_diag_destroy};
  std::unique_ptr<fy_parser, decltype(&fy_parser_destroy)> parser_{nullptr, &fy_parser_destroy};
  std::map<std::string, size_t> anchors_;
  std::vector<size_t> open_;
  int documents_ = 0;
};

Yaml Yaml::parse(std::string text, std::string name) {
  Yaml file(std::move(text), std::move(name));
  Builder(file).build();
  return file;
}

}  // namespace playbook
