"""View models: everything a page may know, and the contract between the faces and the pages.

A face (`edge.kiosk`, `cloud.web.*`, `sim.demo`) fills one of these frozen dataclasses and hands
it to `ui.render.Renderer.page`; the page shows that and nothing else. A view holds data, never
prose: text is made in the templates from `ui/locale`, so a face needs to know no language.
URLs and form fields that a page uses are written in the docstring of its view.
"""
