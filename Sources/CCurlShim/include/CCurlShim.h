#pragma once

#include <curl/curl.h>

#include "CCurlShimCallbacks.h"

// libcurl sets and gets options through functions with variable arguments, which Swift cannot call.
// One function here for each type of argument that its documentation gives an option.

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value);
/// libcurl copies `value`.
CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value);
/// `value` must live as long as the handle uses it.
CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value);
/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
CURLcode ccurl_set_write(CURL *handle, CURLoption option, curl_write_callback value);
CURLcode ccurl_set_read(CURL *handle, curl_read_callback value);
CURLcode ccurl_set_progress(CURL *handle, curl_xferinfo_callback value);
/// For CURLOPT_HTTPHEADER; the list must live as long as the handle uses it.
CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);
CURLcode ccurl_global_init(void);
