// What a project's own words say breaks between two releases: changelogs as people write them (keepachangelog.com, Appstrate's single
// [Unreleased] section that grows, Activepieces' page of breaking changes).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace playbook {

/// One bullet (or, in sections that have none, one paragraph).
struct ChangelogEntry {
  std::string section;  ///< of `## `, as written: `[1.2.0] - 2026-11-01`, `Unreleased`
  std::string kind;     ///< of `### `, "" where there is none
  std::string text;     ///< unwrapped: one line
};

/// Any text is a changelog; what is no bullet under a heading is left out, HTML comments too.
std::vector<ChangelogEntry> parse_changelog(std::string_view text);

struct Breaking {
  ChangelogEntry entry;
  std::string version;  ///< that its section names, "" for Unreleased
  std::string scope;    ///< `BREAKING (scope)`, `BREAKING for scope`, else ""
};

/// The entries of `now` that are marked BREAKING, or stand under a heading of breaking changes (`### Breaking changes`, `### What has
/// changed?`,
/// `### Do you need to take action?`), of releases newer than `from` and not newer than `to`; sections that name no version count where
/// `before`, the old file, does not have the same bullet. Throws version.invalid.
std::vector<Breaking> breaking_changes(const std::vector<ChangelogEntry>& before, const std::vector<ChangelogEntry>& now,
                                       const std::string& from, const std::string& to);

}  // namespace playbook
