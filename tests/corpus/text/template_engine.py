import re


def render(template, context):
    def block(match):
        return "".join(render(match[3], {**context, match[1]: item}) for item in context[match[2]])

    template = re.sub(r"{% for (\w+) in (\w+) %}(.*?){% end %}", block, template, flags=re.S)
    return re.sub(r"{{ (\w+)(?:\.(\w+))? }}", lambda m: str(context[m[1]][m[2]] if m[2] else context[m[1]]), template)


def main():
    page = "<h1>{{ title }}</h1>{% for u in users %}<li>{{ u.name }} ({{ u.age }})</li>{% end %}"
    return render(page, {"title": "Users", "users": [{"name": "Ann", "age": 3}, {"name": "Bo", "age": 4}]})
