Feature: Content types that integrations support
  A Viewer integration provides the visitor's own token to content that runs for this visitor. A Service
  Account integration provides the token of one account to all content that executes.

  | type            | interactive | rendered | static |
  | Viewer          | yes         | no       | no     |
  | Service Account | yes         | yes      | no     |

  Each scenario for a "no" first makes sure that comparable content obtains a token. The feature
  public_access.feature covers the access types.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"

  Rule: Interactive content obtains tokens through Viewer and Service Account integrations

    Scenario Outline: Interactive <mode> content obtains a token of "<account>" through a <type> integration
      Given "paula" has published <mode> content "app"
      And "app" is associated with "<integration>"
      And "alice" may view "app"
      And "alice" is logged in to "crm"
      When "alice" visits "app"
      Then "app" obtains a token of "<account>"

      Examples: One interactive content type, behind every front
        | rule   | type            | mode       | integration | account   |
        | OI-011 | Viewer          | python-api | crm         | alice     |
        | OI-014 | Service Account | python-api | warehouse   | warehouse |

      @direct
      Examples: All other interactive content types
        | rule   | type            | mode                   | integration | account   |
        | OI-011 | Viewer          | api                    | crm         | alice     |
        | OI-011 | Viewer          | jupyter-voila          | crm         | alice     |
        | OI-011 | Viewer          | python-bokeh           | crm         | alice     |
        | OI-011 | Viewer          | python-dash            | crm         | alice     |
        | OI-011 | Viewer          | python-fastapi         | crm         | alice     |
        | OI-011 | Viewer          | python-shiny           | crm         | alice     |
        | OI-011 | Viewer          | python-streamlit       | crm         | alice     |
        | OI-011 | Viewer          | quarto-shiny           | crm         | alice     |
        | OI-011 | Viewer          | rmd-shiny              | crm         | alice     |
        | OI-011 | Viewer          | shiny                  | crm         | alice     |
        | OI-011 | Viewer          | tensorflow-saved-model | crm         | alice     |
        | OI-014 | Service Account | api                    | warehouse   | warehouse |
        | OI-014 | Service Account | jupyter-voila          | warehouse   | warehouse |
        | OI-014 | Service Account | python-bokeh           | warehouse   | warehouse |
        | OI-014 | Service Account | python-dash            | warehouse   | warehouse |
        | OI-014 | Service Account | python-fastapi         | warehouse   | warehouse |
        | OI-014 | Service Account | python-shiny           | warehouse   | warehouse |
        | OI-014 | Service Account | python-streamlit       | warehouse   | warehouse |
        | OI-014 | Service Account | quarto-shiny           | warehouse   | warehouse |
        | OI-014 | Service Account | rmd-shiny              | warehouse   | warehouse |
        | OI-014 | Service Account | shiny                  | warehouse   | warehouse |
        | OI-014 | Service Account | tensorflow-saved-model | warehouse   | warehouse |

  Rule: Rendered content obtains tokens through Service Account integrations

    @OI-015
    Scenario: Rendered quarto-static content obtains a token through a Service Account integration
      Given "paula" has published quarto-static content "report"
      And "report" is associated with "warehouse"
      When "report" is rendered
      Then "report" obtains a token of "warehouse"

    @OI-015 @direct
    Scenario Outline: Rendered <mode> content obtains a token through a Service Account integration
      Given "paula" has published <mode> content "report"
      And "report" is associated with "warehouse"
      When "report" is rendered
      Then "report" obtains a token of "warehouse"

      Examples:
        | mode           |
        | rmd-static     |
        | jupyter-static |

  Rule: Rendered content obtains no token through a Viewer integration

    @OI-012
    Scenario Outline: Rendered <mode> content obtains no token through a Viewer integration
      Given "paula" has published <mode> content "report"
      And "report" is associated with "warehouse"
      And "report" has been rendered and obtained a token
      And "paula" has published <mode> content "letter"
      And "paula" is logged in to "crm"
      When "paula" associates "letter" with "crm"
      And "letter" is rendered
      Then "letter" obtains no token

      Examples:
        | mode          |
        | quarto-static |

      @direct
      Examples:
        | mode           |
        | rmd-static     |
        | jupyter-static |

  Rule: Static content obtains no token

    Scenario Outline: Static content obtains no token through a <type> integration
      Given "paula" has published python-api content "app"
      And "app" is associated with "<integration>"
      And "paula" is logged in to "crm"
      And "paula" has visited "app" and it obtained a token
      And "paula" has published static content "page"
      When "paula" associates "page" with "<integration>"
      And "paula" visits "page"
      Then no token is requested or handed out for "page"

      Examples:
        | rule   | type            | integration |
        | OI-013 | Viewer          | crm         |
        | OI-016 | Service Account | warehouse   |

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
