Feature: Content types and access that integrations support
  A Viewer integration provides the visitor's own token to content that runs for this visitor. A Service
  Account integration provides the token of one account to all content that executes, for each kind of
  access. Before content is expected to obtain no token, other content has obtained one.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"

  Rule: The type of an integration, the content type and the access decide whether content obtains a token

    Scenario Outline: <content> content that is opened by <access> obtains <expected> through a <type> integration
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And "paula" has published python-api content "other"
      And "other" is associated with "warehouse"
      And "other" is open to <access>
      And "other" is executed for <access>
      And "paula" has published <mode> content "app"
      And "app" is open to <access>
      And "alice" is logged in to "crm"
      And "paula" is logged in to "crm"
      When "paula" associates "app" with "<integration>"
      And "app" is executed for <access>
      Then "app" obtains <expected>

      Examples:
        | rule   | type            | integration | content     | mode          | access                      | expected               |
        | OI-011 | Viewer          | crm         | Interactive | python-api    | the viewer "alice"          | a token of "alice"     |
        | OI-012 | Viewer          | crm         | Rendered    | quarto-static | the viewer "alice"          | no token               |
        | OI-013 | Viewer          | crm         | Static      | static        | the viewer "alice"          | no token               |
        | OI-017 | Viewer          | crm         | Interactive | python-api    | an anonymous visitor        | no token               |
        | OI-018 | Viewer          | crm         | Interactive | python-api    | a visitor with a share link | no token               |
        | OI-014 | Service Account | warehouse   | Interactive | python-api    | the viewer "alice"          | a token of "warehouse" |
        | OI-015 | Service Account | warehouse   | Rendered    | quarto-static | the viewer "alice"          | a token of "warehouse" |
        | OI-016 | Service Account | warehouse   | Static      | static        | the viewer "alice"          | no token               |
        | OI-019 | Service Account | warehouse   | Interactive | python-api    | an anonymous visitor        | a token of "warehouse" |
        | OI-020 | Service Account | warehouse   | Interactive | python-api    | a visitor with a share link | a token of "warehouse" |

  Rule: All interactive content types behave alike

    @direct
    Scenario Outline: <content> <mode> content obtains <expected> through a <type> integration
      Given "paula" has published <mode> content "app"
      And "app" is associated with "<integration>"
      And "alice" has Viewer permission on "app"
      And "alice" is logged in to "crm"
      When "alice" visits "app"
      Then "app" obtains <expected>

      Examples:
        | rule   | type            | content     | mode                   | integration | expected               |
        | OI-011 | Viewer          | Interactive | api                    | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | jupyter-voila          | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | python-bokeh           | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | python-dash            | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | python-fastapi         | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | python-shiny           | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | python-streamlit       | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | quarto-shiny           | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | rmd-shiny              | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | shiny                  | crm         | a token of "alice"     |
        | OI-011 | Viewer          | Interactive | tensorflow-saved-model | crm         | a token of "alice"     |
        | OI-014 | Service Account | Interactive | api                    | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | jupyter-voila          | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | python-bokeh           | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | python-dash            | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | python-fastapi         | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | python-shiny           | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | python-streamlit       | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | quarto-shiny           | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | rmd-shiny              | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | shiny                  | warehouse   | a token of "warehouse" |
        | OI-014 | Service Account | Interactive | tensorflow-saved-model | warehouse   | a token of "warehouse" |

  Rule: All rendered content types behave alike

    @direct
    Scenario Outline: <content> <mode> content obtains <expected> through a <type> integration
      Given "paula" has published <mode> content "other"
      And "other" is associated with "warehouse"
      And "other" has been rendered and obtained a token
      And "paula" has published <mode> content "app"
      And "paula" is logged in to "crm"
      When "paula" associates "app" with "<integration>"
      And "app" is rendered
      Then "app" obtains <expected>

      Examples:
        | rule   | type            | content     | mode           | integration | expected               |
        | OI-012 | Viewer          | Rendered    | quarto-static  | crm         | no token               |
        | OI-012 | Viewer          | Rendered    | rmd-static     | crm         | no token               |
        | OI-012 | Viewer          | Rendered    | jupyter-static | crm         | no token               |
        | OI-015 | Service Account | Rendered    | rmd-static     | warehouse   | a token of "warehouse" |
        | OI-015 | Service Account | Rendered    | jupyter-static | warehouse   | a token of "warehouse" |

  Rule: The server refuses to associate an integration with content that does not support it

    Scenario Outline: The server refuses to associate a <type> integration with <mode> content
      Given "paula" has published python-api content "app"
      And "app" is associated with "<integration>"
      And "paula" has published <mode> content "other"
      When "paula" associates "other" with "<integration>"
      Then the request is refused
      And "other" has no association

      Examples:
        | rule   | type            | mode          | integration |
        | OI-111 | Viewer          | quarto-static | crm         |
        | OI-112 | Viewer          | static        | crm         |
        | OI-113 | Service Account | static        | warehouse   |
