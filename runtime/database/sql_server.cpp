#include "runtime/database/sql_server.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {

const char* const kSqlcmd = R"sh(PATH=$PATH:/opt/mssql-tools18/bin:/opt/mssql-tools/bin
exec sqlcmd "$@")sh";

namespace {

constexpr const char* kPrintInPieces =
    "; declare @hex varchar(max) = convert(varchar(max), convert(varbinary(max), @rows), 2), @at int = 1; "
    "while @at <= len(@hex) begin print substring(@hex, @at, 4000); set @at += 4000 end";

int digit_of(char c) { return c <= '9' ? c - '0' : (c & ~0x20) - 'A' + 10; }

void append_utf8(std::string& text, std::uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
    return;
  }
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kLead[more] | (point >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3F));
}

/// nvarchar is UTF-16, the lower byte first.
std::string text_of_hex(const std::string& hex) {
  std::string text;
  auto unit = [&](size_t at) {
    auto byte = [&](size_t i) { return static_cast<std::uint32_t>(digit_of(hex[i]) * 16 + digit_of(hex[i + 1])); };
    return byte(at) | byte(at + 2) << 8;
  };
  for (size_t at = 0; at + 4 <= hex.size(); at += 4) {
    std::uint32_t point = unit(at);
    const bool leads = point >= 0xD800 && point < 0xDC00 && at + 8 <= hex.size();
    if (leads) point = 0x10000 + ((point - 0xD800) << 10) + (unit(at += 4) - 0xDC00);
    append_utf8(text, point);
  }
  return text;
}

}  // namespace

Command sqlcmd(const SqlServerLogin& login, const std::string& database, const std::string& statements) {
  Command command;
  command.argv = {"sh", "-euc", kSqlcmd, "sh", "-S", login.host, "-U",     login.user, "-C",      "-b",
                  "-W", "-h",   "-1",    "-s", "|",  "-d",       database, "-Q",       statements};
  command.environment["SQLCMDPASSWORD"] = login.password;
  return command;
}

std::string sql_server_name(const std::string& name) {
  std::string text = "[";
  for (char c : name) text += c == ']' ? "]]" : std::string(1, c);
  return text + "]";
}

std::string sql_server_text(const std::string& value) {
  std::string text = "N'";
  for (char c : value) text += c == '\'' ? "''" : std::string(1, c);
  return text + "'";
}

Json SqlServer::query(const std::string& select) {
  const std::string out =
      said("set nocount on; declare @rows nvarchar(max) = (" + select + " for json path, include_null_values)" + kPrintInPieces);
  std::string hex;
  for (const std::string& line : split(out, '\n'))
    if (const std::string piece(trim(line)); piece.find_first_not_of("0123456789ABCDEFabcdef") == std::string::npos) hex += piece;
  return hex.empty() ? Json::array() : parse_json(text_of_hex(hex), "what SQL Server answers");
}

void SqlServer::execute(const std::string& statements) { said(statements); }

std::string SqlServer::said(const std::string& statements) {
  const Exit exit = place_.run(sqlcmd(login_, database_, statements), nullptr, cancel_);
  if (exit.cancelled) throw Error(Code::cancelled, "a statement of " + database_ + " was cancelled");
  if (exit.status == 0) return exit.out;
  std::string last = "it said nothing";
  for (const std::string* text : {&exit.err, &exit.out})
    for (const std::string& line : split(*text, '\n'))
      if (!trim(line).empty()) last = trim(line);
  throw Error(Code::process_failed, "SQL Server " + place_.describe() + ", database " + database_ + ": " + to_utf8(last).substr(0, 500), "",
              {{"status", exit.status}});
}

}  // namespace playbook
