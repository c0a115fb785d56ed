Feature: Credential exchange
  Content presents the token of a visit, or the token of its own execution, to the credential exchange.
  The exchange returns an access token only to the content that received the presented token, and to its
  owner.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" is logged in to "crm"

  Rule: The exchange accepts only supported parameters and authorized callers

    @SEC-005 @direct
    Scenario: An exchange that requests the token type access_token returns an access token
      When "alice" visits "app", whose exchange gives "urn:ietf:params:oauth:token-type:access_token" as requested_token_type
      Then "app" obtains a token of "alice"

    @SEC-005 @direct
    Scenario Outline: An exchange with "<value>" as <field> returns no token
      Given "alice" has visited "app" and it obtained a token
      When "alice" visits "app", whose exchange gives "<value>" as <field>
      Then "app" obtains no token

      Examples:
        | field                | value                                             |
        | subject_token        | made-up                                           |
        | subject_token_type   | urn:ietf:params:oauth:token-type:saml2            |
        | grant_type           | urn:ietf:params:oauth:grant-type:saml2-bearer     |
        | requested_token_type | urn:ietf:params:oauth:token-type:saml2            |

    @SEC-005 @direct
    Scenario: The owner of content can exchange its tokens, and another publisher cannot
      Given a publisher "peter"
      When "alice" visits "app", whose exchange is made with the API key of "paula"
      Then "app" obtains a token of "alice"
      Given "alice" has visited "app" and it obtained a token
      When "alice" visits "app", whose exchange is made with the API key of "peter"
      Then "app" obtains no token

  Rule: Content with several integrations names one of them in the exchange

    @OI-125 @direct
    Scenario Outline: An exchange with "<audience>" as audience returns a token of "<account>"
      Given a Service Account integration "warehouse"
      And "app" is associated with "crm" and "warehouse"
      When "alice" visits "app", whose exchange gives "<audience>" as audience
      Then "app" obtains a token of "<account>"

      Examples:
        | audience  | account   |
        | crm       | alice     |
        | warehouse | warehouse |

    @OI-125 @direct
    Scenario: Content with two integrations obtains no token if the exchange names no audience
      Given "alice" has visited "app" and it obtained a token
      And a Service Account integration "warehouse"
      When "app" is associated with "crm" and "warehouse"
      And "alice" visits "app"
      Then "app" obtains no token

    @OI-125 @direct
    Scenario: Content obtains no token for an integration that is not associated with it
      Given "alice" has visited "app" and it obtained a token
      And a Viewer integration "erp"
      And "alice" is logged in to "erp"
      When "alice" visits "app", whose exchange gives "erp" as audience
      Then "app" obtains no token

  Rule: Each exchange checks the present state of visitor, content and integration

    @SEC-009 @direct
    Scenario Outline: Content obtains no further token after <change> during the visit
      When "alice" visits "app", and <change> between two exchanges
      Then "app" obtains a token in the first exchange and none in the second

      Examples:
        | change                                                  |
        | the administrator locks the visitor                     |
        | the administrator deletes the session of the visitor    |
        | the administrator deletes the integration               |
        | the administrator removes the association               |
        | the administrator removes the permission of the visitor |

    @OI-118 @direct
    Scenario: Content obtains no further token of its visitor after it has been opened to anyone during the visit
      When "alice" visits "app", and the administrator opens the content to anyone between two exchanges
      Then "app" obtains a token in the first exchange and none in the second
