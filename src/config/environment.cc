#include "config/environment.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/log.h"
#include "core/text.h"

extern char** environ;

namespace rowpage {
namespace {

const std::vector<Variable>& table() {
  static const std::vector<Variable> all = {
      {{"NOTION_API_KEY", "NOTION_API_TOKEN", "NOTION_TOKEN"},
       "token of the Notion integration (starts with ntn_ or secret_)",
       "https://www.notion.so/profile/integrations, your integration, Configuration, Internal integration secret",
       "",
       true},
      {{"NOTION_DATABASE_ID"},
       "the database to keep in step: its id or its link",
       "open the database in Notion as a full page, Share, Copy link: the 32 hexadecimal digits before the `?`",
       ""},
      {{"NOTION_PARENT_PAGE_ID"},
       "page under which setup creates databases",
       "open the page in Notion, Share, Copy link: the 32 hexadecimal digits at its end",
       ""},
      {{"SUPABASE_DB_URL"},
       "connection string of the database (postgresql://...)",
       "Supabase dashboard, your project, Connect, Session pooler; put the database password into it",
       "",
       true},
      {{"SUPABASE_URL"},
       "address of the Supabase project (https://<project>.supabase.co)",
       "Supabase dashboard, Project Settings, Data API",
       ""},
      {{"SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_API_KEY", "SUPABASE_SERVICE_KEY", "SUPABASE_KEY"},
       "secret key of the Supabase project",
       "Supabase dashboard, Project Settings, API Keys",
       "",
       true},
      {{"SUPABASE_PROJECT_ID"},
       "reference of the Supabase project",
       "Supabase dashboard, Project Settings, General",
       ""},
      {{"SUPABASE_ACCESS_TOKEN"},
       "personal access token of the Supabase account",
       "https://supabase.com/dashboard/account/tokens",
       "",
       true},
      {{"SUPABASE_MANAGEMENT_URL"}, "address of Supabase's Management API", "", "https://api.supabase.com"},
      {{"ROWPAGE_PRESET"}, "preset to run without a config file: decision-vault or higherself", "", ""},
      {{"SYNC_BATCH_SIZE"}, "rows written in one transaction", "", "100"},
      {{"SYNC_MAX_RETRIES"}, "tries of a request that certainly had no effect", "", "3"},
      {{"SYNC_INTERVAL_MINUTES"}, "minutes between two scheduled runs", "", "15"},
      {{"LOG_LEVEL"}, "DEBUG, INFO, WARNING or ERROR", "", "INFO"},
      {{"NOTION_BASE_URL"}, "where Notion answers; http is allowed on loopback only", "", "https://api.notion.com"},
  };
  return all;
}

bool name_char(char c, bool first) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

// One line of a .env file, read from left to right.
class EnvLine {
 public:
  EnvLine(std::string_view text, const std::string& file, int line) : text_(text), file_(file), line_(line) {}

  using Pair = std::pair<std::string, std::string>;

  // nullopt: nothing on this line.
  tl::expected<std::optional<Pair>, Mistake> read() {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] == '#') return std::nullopt;
    if (text_.substr(at_).starts_with("export ") || text_.substr(at_).starts_with("export\t")) {
      at_ += 7;
      skip_blanks();
    }
    const auto name_at = at_;
    while (at_ < text_.size() && name_char(text_[at_], at_ == name_at)) ++at_;
    Pair pair{std::string(text_.substr(name_at, at_ - name_at)), ""};
    if (pair.first.empty()) return mistake("a name of letters, digits and `_` is expected here", "write NAME=VALUE");
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != '=') {
      return mistake("`=` is expected after `" + pair.first + "`", "write " + pair.first + "=VALUE");
    }
    ++at_;
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      if (auto trouble = quoted(pair.second)) return tl::unexpected(*trouble);
    } else {
      const auto end = std::min(text_.find(" #", at_), text_.size());
      pair.second = trim(text_.substr(at_, end - at_));
      if (pair.second.starts_with('#')) pair.second.clear();
    }
    return pair;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  // In double quotes \n, \", \\ and \$ are read; single quotes are literal.
  std::optional<Mistake> quoted(std::string& out) {
    const auto from = at_;
    const char quote = text_[at_++];
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) {
        const char next = text_[++at_];
        out += next == 'n' ? "\n" : next == 't' ? "\t" : std::string(1, next);
      } else {
        out += text_[at_];
      }
    }
    if (at_ == text_.size()) {
      at_ = from;
      return mistake("this quote is never closed", "close it on the same line").error();
    }
    ++at_;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] != '#') return mistake("nothing may follow the closing quote", "").error();
    return std::nullopt;
  }

  tl::unexpected<Mistake> value_mistake(std::string what, std::string hint) {
    return tl::unexpected(Mistake{file_, line_, static_cast<int>(at_) + 1, std::move(what), std::move(hint)});
  }
  tl::expected<std::optional<Pair>, Mistake> mistake(std::string what, std::string hint) {
    return value_mistake(std::move(what), std::move(hint));
  }

  std::string_view text_;
  const std::string& file_;
  int line_;
  std::size_t at_ = 0;
};

}  // namespace

std::span<const Variable> variables() {
  return table();
}

const Variable* variable(std::string_view name) {
  const auto& all = table();
  const auto at = std::find_if(all.begin(), all.end(), [&](const Variable& v) { return v.names.front() == name; });
  return at == all.end() ? nullptr : &*at;
}

tl::expected<std::map<std::string, std::string>, Mistake> parse_env_file(std::string_view text,
                                                                         const std::string& file) {
  std::map<std::string, std::string> values;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto pair = EnvLine(line, file, number).read();
    if (!pair) return tl::unexpected(pair.error());
    if (*pair) values[(*pair)->first] = (*pair)->second;
  }
  return values;
}

Result<Environment> Environment::load(const std::string& env_file, bool required) {
  Values process;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry = *at;
    const auto sign = entry.find('=');
    if (sign != std::string_view::npos) process.emplace(entry.substr(0, sign), entry.substr(sign + 1));
  }
  Values file;
  std::error_code ignored;
  if (!env_file.empty() && (required || std::filesystem::exists(env_file, ignored))) {
    std::ifstream stream(env_file, std::ios::binary);
    std::stringstream text;
    if (!stream || !(text << stream.rdbuf())) {
      if (!stream || stream.bad() || std::filesystem::is_directory(env_file, ignored)) {
        return fail({Effect::none, Scope::workspace, Cause::usage, "cannot read the environment file " + env_file,
                     "check the path and its permissions"});
      }
    }
    auto values = parse_env_file(text.str(), env_file);
    if (!values) return fail(as_error({values.error()}, text.str()));
    file = std::move(*values);
  }
  for (const auto& known : table()) {
    if (!known.secret) continue;
    for (const auto name : known.names) {
      for (const Values* values : {&process, &file}) {
        if (const auto at = values->find(std::string(name)); at != values->end()) remember_secret(at->second);
      }
    }
  }
  return Environment(std::move(process), std::move(file));
}

const std::pair<const std::string, std::string>* Environment::find(std::string_view name) const {
  const auto& all = table();
  const auto entry = std::find_if(all.begin(), all.end(), [&](const Variable& v) {
    return std::find(v.names.begin(), v.names.end(), name) != v.names.end();
  });
  std::vector<std::string_view> names = entry == all.end() ? std::vector<std::string_view>{name} : entry->names;
  for (const Values* values : {&process_, &file_}) {
    for (const auto alias : names) {
      const auto at = values->find(std::string(alias));
      if (at != values->end() && !trim(at->second).empty()) return &*at;
    }
  }
  return nullptr;
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto* found = find(name);
  if (!found) return std::nullopt;
  return std::string(trim(found->second));
}

std::string Environment::found_as(std::string_view name) const {
  const auto* found = find(name);
  return found ? found->first : "";
}

Error missing_variables(const std::vector<std::string>& names, const std::map<std::string, std::string>& databases) {
  std::string text =
      names.size() == 1 ? "a variable is not set:" : fmt::format("{} variables are not set:", names.size());
  std::size_t width = 26;
  for (const auto& name : names) width = std::max(width, name.size());
  const Variable& database = *variable("NOTION_DATABASE_ID");
  std::size_t databases_left = databases.size();
  for (const auto& name : names) {
    const Variable* known = variable(name);
    const auto title = databases.find(name);
    if (title != databases.end() && !known) {
      text += fmt::format("\n  {:<{}} the database \"{}\": its id or its link", name, width, title->second);
      if (--databases_left > 0) continue;  // where to find it stands once, behind the last
    } else if (known) {
      text += fmt::format("\n  {:<{}} {}", name, width, known->what);
    } else {
      text += "\n  " + name;
      continue;
    }
    const Variable& found = known ? *known : database;
    text += fmt::format("\n  {:<{}} {}", "", width, found.where);
    if (found.names.size() > 1) {
      text += fmt::format("\n  {:<{}} (also read: {})", "", width,
                          fmt::join(found.names.begin() + 1, found.names.end(), ", "));
    }
  }
  return {Effect::none, Scope::workspace, Cause::usage, std::move(text),
          "set them in the environment or in .env (`rowpage init --preset NAME` writes a template)" +
              std::string(databases.empty() ? ""
                                            : "; `rowpage setup` creates databases that are not there yet, under "
                                              "NOTION_PARENT_PAGE_ID")};
}

}  // namespace rowpage
