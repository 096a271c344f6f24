// The few functions of libarchive that unpack a stream, found at run time: linking it would slow the start of every command. Whole trees
// go through the module of archive_module.h.
#pragma once

#include <archive.h>
#include <archive_entry.h>

namespace playbook {

#define PLAYBOOK_LIBARCHIVE_FUNCTIONS(each)                                                                                         \
  each(archive_read_new) each(archive_read_free) each(archive_read_support_filter_gzip) each(archive_read_support_format_tar)       \
      each(archive_read_support_format_raw) each(archive_read_open) each(archive_read_open_filename) each(archive_read_next_header) \
          each(archive_read_data) each(archive_format) each(archive_error_string) each(archive_set_error) each(archive_entry_pathname)

struct Libarchive {
#define PLAYBOOK_LIBARCHIVE_POINTER(name) decltype(&::name) name = nullptr;
  PLAYBOOK_LIBARCHIVE_FUNCTIONS(PLAYBOOK_LIBARCHIVE_POINTER)
#undef PLAYBOOK_LIBARCHIVE_POINTER
};

/// Loads it at the first call, once in a process, and never lets go of it. Throws process.missing when it is not installed.
const Libarchive& libarchive();

}  // namespace playbook
