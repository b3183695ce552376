"""The config file: composed of the options that each room declares, read strictly, every mistake with its place."""

from monitor.settings.load import Only, load
from monitor.settings.problems import ConfigErrors, Problem
from monitor.settings.root import CONFIG_NAMES, HttpOptions, Listen, Settings

__all__ = ["CONFIG_NAMES", "ConfigErrors", "HttpOptions", "Listen", "Only", "Problem", "Settings", "load"]
