// The view of what is not a run (inspect, eval): only what the Lua code logs, on standard error.
#pragma once

#include <ostream>

#include "bindings/api/playbook.h"
#include "bindings/cli/event_text.h"

namespace playbook::cli {

class QuietView : public Observer {
 public:
  explicit QuietView(std::ostream& err) : err_(err) {}
  void on_event(const Event& event) override {
    if (event.kind != "log") return;
    for (const std::string& line : text_.lines(event)) err_ << line << "\n";
    err_.flush();
  }

 private:
  std::ostream& err_;
  EventText text_{EventText::Detail::brief};
};

}  // namespace playbook::cli
