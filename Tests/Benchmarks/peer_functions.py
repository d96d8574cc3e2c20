"""The handler of `echo` for functions-framework."""

import functions_framework


@functions_framework.http
def echo(request):
    return request.get_json()
