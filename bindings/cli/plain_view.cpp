#include "bindings/cli/plain_view.h"

namespace playbook::cli {

void PlainView::on_event(const Event& event) {
  const std::string time = text_of(event.data, "time");
  const std::string of_day = time.size() >= 19 ? time.substr(11, 8) + " " : "";
  for (const std::string& line : text_.lines(event)) out_ << of_day << line << "\n";
  out_.flush();
}

void JsonView::on_event(const Event& event) {
  out_ << json_line(event.data) << "\n";
  out_.flush();
}

std::string json_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string json_text(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace playbook::cli
